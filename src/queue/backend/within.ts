import { Failure } from '../../fault.js';

/**
 * Waits for the queue, but not longer than a time: a server that hangs neither answers nor closes the connection.
 * @throws Failure `queue_unreachable` when the time is over; the later result or error is ignored
 */
export async function within<Result>(milliseconds: number, work: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      work.catch(() => undefined);
      const text = `The queue does not answer (nothing in ${milliseconds / 1000} s); check that its server runs.`;
      reject(new Failure('queue_unreachable', text));
    }, milliseconds);
  });
  return await Promise.race([work, late]).finally(() => clearTimeout(timer));
}
