import { describe, expect, it } from 'vitest';
import { complaintOfPeriod, requirePeriod } from '../src/period.js';

const now = new Date('2026-11-29T23:30:00Z');

describe('the month that files are for', () => {
  it.each(['1800-01', '2017-08', '2026-11', '2027-01'])('may be %s', (month) => {
    expect(complaintOfPeriod(month, undefined, now)).toBeUndefined();
  });

  it.each([
    ['0000-02', 'expected a month from 1800-01 to 2027-01, found 0000-02'],
    ['1799-12', 'expected a month from 1800-01 to 2027-01, found 1799-12'],
    ['2027-02', 'expected a month from 1800-01 to 2027-01, found 2027-02'],
    ['9999-12', 'expected a month from 1800-01 to 2027-01, found 9999-12'],
    ['2017-13', 'expected a month as YYYY-MM, found 2017-13'],
    ['2017-8', 'expected a month as YYYY-MM, found 2017-8'],
    ['2017-08-31', 'expected a month as YYYY-MM, found 2017-08-31'],
    ['', 'expected a month as YYYY-MM, found '],
  ])('may not be %s', (month, complaint) => {
    expect(complaintOfPeriod(month, undefined, now)).toBe(complaint);
  });

  it('may be the month after next also at the end of a year', () => {
    const december = new Date('2026-12-31T12:00:00Z');
    expect(complaintOfPeriod('2027-02', undefined, december)).toBeUndefined();
    expect(complaintOfPeriod('2027-03', undefined, december)).toContain('to 2027-02');
  });

  it('may be earlier when the setting allows it', () => {
    expect(complaintOfPeriod('1700-05', '1700-01', now)).toBeUndefined();
    expect(() => requirePeriod('1700-05')).toThrow(
      expect.objectContaining({
        code: 'period_invalid',
        message: expect.stringContaining('EARLIEST_PERIOD'),
      }),
    );
  });
});
