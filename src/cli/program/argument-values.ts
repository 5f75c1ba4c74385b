import { InvalidArgumentError } from 'commander';
import { isMonth } from '../../period.js';
import { complaintOfReason } from '../../queue/ledger/reason-text.js';

/** A month as YYYY-MM. */
export function month(text: string): string {
  if (!isMonth(text)) {
    throw new InvalidArgumentError(`expected a month as YYYY-MM, found ${text}.`);
  }
  return text;
}

/** The largest number the database uses. */
const largestNumber = 2 ** 31 - 1;

/** A whole number above 0. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1 || value > largestNumber) {
    const most = value > largestNumber ? ` and up to ${largestNumber}` : '';
    throw new InvalidArgumentError(`expected a whole number above 0${most}, found ${text}.`);
  }
  return value;
}

/** A number from 0 to 1. */
export function share(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 1)) {
    throw new InvalidArgumentError(`expected a number from 0 to 1, found ${text}.`);
  }
  return value;
}

/** The id of a run, or its first 8 or more characters. */
export function runId(text: string): string {
  const whole = '00000000-0000-0000-0000-000000000000';
  const form = text.replace(/[0-9a-f]/gi, '0');
  if (text.length < 8 || !whole.startsWith(form)) {
    throw new InvalidArgumentError(`expected the id of a run from marquee runs, found ${text}.`);
  }
  return text;
}

/** The hash at the end of the audit's chain. */
export function auditHead(text: string): string {
  if (!/^[0-9a-f]{64}$/.test(text)) {
    throw new InvalidArgumentError(
      `expected the 64 hexadecimal digits of a head from marquee audit --verify, found ${text}.`,
    );
  }
  return text;
}

/** A reason in some words; the API accepts the same. */
export function reason(text: string): string {
  const complaint = complaintOfReason(text);
  if (complaint !== undefined) throw new InvalidArgumentError(`${complaint}.`);
  return text;
}

/** The number of a publication; 0 is the time before the first. */
export function publicationNumber(text: string): number {
  return text === '0' ? 0 : wholeNumber(text);
}

/** A file of a drop with the feed it belongs to, as FEED=FILE; the option can be repeated. */
export function fileOfFeed(text: string, others: FileOfFeed[] = []): FileOfFeed[] {
  const [, feed, file] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
  if (feed === undefined || file === undefined) {
    throw new InvalidArgumentError(`expected FEED=FILE, found ${text}.`);
  }
  return [...others, { feed, file }];
}

interface FileOfFeed {
  readonly feed: string;
  readonly file: string;
}

/** One of several values; the option can be repeated. */
export function oneOfSeveral(text: string, others: string[] = []): string[] {
  return [...others, text];
}
