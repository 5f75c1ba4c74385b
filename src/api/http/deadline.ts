import { within } from '../../within.js';
import { apiError } from '../errors/api-error.js';

/**
 * Runs the work of a request, and ends the wait after a time.
 *
 * @param atDeadline releases what the work holds, so that it notices
 * @throws DATABASE_UNAVAILABLE at the deadline: only a database that does not answer takes this long
 */
export function beforeDeadline(
  deadlineMs: number,
  work: Promise<void>,
  atDeadline: () => void,
): Promise<void> {
  return within(deadlineMs, work, () => {
    atDeadline();
    const text = `The database did not answer within ${deadlineMs / 1000} s. Retry later.`;
    return apiError('DATABASE_UNAVAILABLE', text);
  });
}
