import { describe, expect, it } from 'vitest';
import { complaintOfCron, lastDue, nextDue } from '../../../src/queue/backend/cron.js';

const inBerlin = { cron: '30 2 * * *', timeZone: 'Europe/Berlin' };
const at = (text: string) => new Date(text);

describe('a cron pattern', () => {
  it.each([
    ['0 6 * * 1-5', 'Europe/Berlin'],
    ['*/5 * * * *', 'UTC'],
    ['0 0 29 2 *', 'America/New_York'],
  ])('is valid: %s in %s', (cron, timeZone) => {
    expect(complaintOfCron({ cron, timeZone })).toBeUndefined();
  });

  it.each([
    ['61 * * * *', 'UTC', '"61 * * * *" is not a cron pattern that is ever due'],
    ['0 0 30 2 *', 'UTC', 'is not a cron pattern that is ever due'],
    ['* * * * * *', 'UTC', 'expected five fields (minute hour day month weekday)'],
    ['@daily', 'UTC', '"@daily" is not a cron pattern; expected five fields'],
    ['', 'UTC', 'expected five fields'],
    ['every day at noon please', 'UTC', 'is not a cron pattern that is ever due'],
    ['0 6 * * *', 'Mars/Olympus', '"Mars/Olympus" is not a time zone; expected a name such as Europe/Berlin'],
    ['0 6 * * *', '', '"" is not a time zone'],
  ])('is refused with one sentence: %s in %s', (cron, timeZone, sentence) => {
    const complaint = complaintOfCron({ cron, timeZone });
    expect(complaint).toContain(sentence);
    expect(complaint).not.toContain('\n');
  });

  it('is due at the time of its zone, in summer and in winter', () => {
    expect(nextDue(inBerlin, at('2017-07-01T00:00:00Z'))).toEqual(at('2017-07-01T00:30:00Z'));
    expect(nextDue(inBerlin, at('2017-12-01T00:00:00Z'))).toEqual(at('2017-12-01T01:30:00Z'));
  });

  it('gives the last due time of a period, and counts those before it', () => {
    const since = at('2017-12-01T01:30:00Z');
    expect(lastDue(inBerlin, { since, until: at('2017-12-02T01:29:59Z') })).toBeUndefined();
    expect(lastDue(inBerlin, { since, until: at('2017-12-02T01:30:00Z') })).toEqual({
      due: at('2017-12-02T01:30:00Z'),
      earlier: 0,
    });
    expect(lastDue(inBerlin, { since, until: at('2017-12-11T12:00:00Z') })).toEqual({
      due: at('2017-12-11T01:30:00Z'),
      earlier: 9,
    });
    const everyMinute = { cron: '* * * * *', timeZone: 'UTC' };
    expect(lastDue(everyMinute, { since, until: at('2027-12-01T00:00:00Z') })).toEqual({
      due: at('2027-12-01T00:00:00Z'),
      earlier: 1_000,
    });
    expect(lastDue(everyMinute, { since, until: since })).toBeUndefined();
  });
});
