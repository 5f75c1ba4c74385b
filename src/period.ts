import { z } from 'zod';
import { Fault } from './fault.js';

/** The earliest month that files may be for, unless `EARLIEST_PERIOD` says otherwise. */
export const defaultEarliestPeriod = '1800-01';

/** Files may come this many months early. */
const monthsAhead = 2;

const pattern = /^\d{4}-(0[1-9]|1[0-2])$/;

/** Whether the text is a month, written as YYYY-MM. */
export function isMonth(text: string): boolean {
  return pattern.test(text);
}

/** A month as YYYY-MM, in payloads. Which months are allowed is checked where a drop is accepted, see `requirePeriod`. */
export const monthSchema = z.string().regex(pattern, 'expected a month as YYYY-MM');

/**
 * What is wrong with a month that files are said to be for, as a sentence without its end; undefined when nothing is. Files of a
 * month before the earliest, or further ahead than the month after next, are taken for wrongly dated.
 */
export function complaintOfPeriod(
  text: string,
  earliest: string = defaultEarliestPeriod,
  now: Date = new Date(),
): string | undefined {
  if (!isMonth(text)) return `expected a month as YYYY-MM, found ${text}`;
  const ahead = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + monthsAhead));
  const latest = ahead.toISOString().slice(0, 7);
  if (text >= earliest && text <= latest) return undefined;
  return `expected a month from ${earliest} to ${latest}, found ${text}`;
}

/**
 * Makes sure that files may be for this month.
 * @throws Fault `period_invalid`
 */
export function requirePeriod(text: string, earliest?: string): void {
  const complaint = complaintOfPeriod(text, earliest);
  if (complaint === undefined) return;
  throw new Fault(
    'period_invalid',
    `The month of the files is not plausible: ${complaint}. Give the right one with --period YYYY-MM; EARLIEST_PERIOD allows earlier months.`,
  );
}
