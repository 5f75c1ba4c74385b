import type { FoundOffenders } from '../reporting/offenders.js';
import { count, excerpt } from './terminal.js';

/** What a check found, as one line. */
export function offenderText({ report, check, count: found, first }: FoundOffenders): string {
  return `${report} ${check}: ${count(found)}, first ${excerpt(JSON.stringify(first), 200)}`;
}
