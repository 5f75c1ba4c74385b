import { describe, expect, it } from 'vitest';
import { findMonths, periodIn } from '../../../src/source/drop/month-in-name.js';

describe('the month in a name', () => {
  it.each([
    'm_2017-08',
    'm_201708',
    'm.2017.08',
    'm 2017_08',
    '2017-08_m',
    'm_2017-08-31',
    'm_20170831',
    'm_2017_08_31',
    'm_2017.8.31',
    'm_31-08-2017',
    'm-31.8.2017',
    'm_31082017',
    'm_8-31-2017',
    'm_08-08-2017',
    'm_08-2017',
    'm_082017',
    'm_Aug-2017',
    'm_aug2017',
    'm 31 August 2017',
    'm_31Aug2017',
    'm_August_31_2017',
    'm_2017-Aug-31',
    'm (2017-08)',
    'm_20170831120000',
    'm_2017-08-31T12:00:00Z',
    'm_2017-08-31_12-30-00',
    'm_31-08-2017_12-30-00',
    'm_20170831T1200',
    'm_2017-08-01_2017-08-31',
  ])('of %s is 2017-08, and the rest of the name is m', (name) => {
    expect(periodIn(name)).toBe('2017-08');
    expect(findMonths(name).rest).toBe('m');
  });

  it.each(['m', 'm_170831', 'm_1504137600', 'm_2017', 'm_2017-13', 'm_2017W31', 'm_2017-8', 'summar2017'])(
    'of %s is not known, and the name stays as it is',
    (name) => expect(findMonths(name)).toEqual({ found: [], rest: name }),
  );

  it('may be two, when a day and a month can change places', () => {
    expect(findMonths('m_05-06-2017').found).toEqual([
      { text: '05-06-2017', months: ['2017-06', '2017-05'] },
    ]);
    expect(periodIn('m_05-06-2017')).toBeUndefined();
  });

  it('is not known when the name gives two', () => {
    const { found, rest } = findMonths('m_2017-08-31_2017-09-30');
    expect(found.map(({ months }) => months)).toEqual([['2017-08'], ['2017-09']]);
    expect(rest).toBe('m');
    expect(periodIn('m_201708-201709')).toBeUndefined();
  });

  it('does not part the words around it', () => {
    expect(findMonths('movies_2017-08_metadata').rest).toBe('movies_metadata');
  });
});
