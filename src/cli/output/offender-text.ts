import type { FoundOffenders } from '../../reporting/checks/offenders.js';
import { count, excerpt } from './text-format.js';

/** What a check found, on one line. */
export function offenderText({ report, check, count: found, first, acceptedBy }: FoundOffenders): string {
  const accepted = acceptedBy === null ? '' : `, accepted by ${acceptedBy}`;
  return `${report} ${check}: ${count(found)}, first ${excerpt(JSON.stringify(first), 200)}${accepted}`;
}
