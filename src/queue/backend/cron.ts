import { CronExpressionParser } from 'cron-parser';
import { messageOf } from '../../fault.js';

/** A cron pattern of five fields, and the time zone in which it is meant. */
export interface CronRhythm {
  readonly cron: string;
  readonly timeZone: string;
}

/** Maximum number of due times that are counted. */
const mostCounted = 1_000;

/** What is wrong with a pattern or its time zone, as a sentence; undefined when both are valid. */
export function complaintOfCron({ cron, timeZone }: CronRhythm): string | undefined {
  try {
    new Intl.DateTimeFormat('en', { timeZone });
  } catch {
    return `${JSON.stringify(timeZone)} is not a time zone; expected a name such as Europe/Berlin or UTC.`;
  }
  const expected = 'expected five fields (minute hour day month weekday), such as "0 6 * * 1-5"';
  const fields = cron.trim().split(/\s+/);
  if (fields.length !== 5 || cron !== cron.trim()) {
    return `${JSON.stringify(cron)} is not a cron pattern; ${expected}.`;
  }
  try {
    nextDue({ cron, timeZone }, new Date());
    return undefined;
  } catch (error) {
    const problem = messageOf(error).replace(/\.$/, '');
    return `${JSON.stringify(cron)} is not a cron pattern that is ever due (${problem}); ${expected}.`;
  }
}

/** The first due time after a time. @throws Error when the pattern is never due */
export function nextDue({ cron, timeZone }: CronRhythm, after: Date): Date {
  return CronExpressionParser.parse(cron, { currentDate: after, tz: timeZone }).next().toDate();
}

/**
 * The last due time up to a time, and how many there were before it, after `since`.
 * @returns undefined when it was not due since then; at most 1,000 earlier times are counted
 */
export function lastDue(
  { cron, timeZone }: CronRhythm,
  { since, until }: { since: Date; until: Date },
): { due: Date; earlier: number } | undefined {
  if (until <= since) return undefined;
  // The parser looks for times before the given one.
  const currentDate = new Date(until.getTime() + 1);
  const times = CronExpressionParser.parse(cron, { currentDate, startDate: new Date(0), tz: timeZone });
  const due = times.prev().toDate();
  if (due <= since) return undefined;
  let earlier = 0;
  while (earlier < mostCounted && times.prev().toDate() > since) earlier += 1;
  return { due, earlier };
}
