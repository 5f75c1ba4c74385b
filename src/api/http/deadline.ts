import { apiError } from '../errors/api-error.js';

/**
 * Runs the work of a request, and ends the wait after a time. The work itself goes on until it notices, so `atDeadline` must release
 * what it holds; its later result or error is ignored.
 * @throws DATABASE_UNAVAILABLE at the deadline: only a database that does not answer takes this long
 */
export async function beforeDeadline(
  deadlineMs: number,
  work: Promise<void>,
  atDeadline: () => void,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      work.catch(() => undefined);
      atDeadline();
      const text = `The database did not answer within ${deadlineMs / 1000} s. Retry later.`;
      reject(apiError('DATABASE_UNAVAILABLE', text));
    }, deadlineMs);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}
