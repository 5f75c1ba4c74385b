import { Failure } from '../../fault.js';
import { within } from '../../within.js';

/**
 * Waits for the queue, but not longer than a time: a server that hangs neither answers nor closes the connection.
 * @throws Failure `queue_unreachable` when the time is over; the later result or error is ignored
 */
export function withinQueueLimit<Result>(milliseconds: number, work: Promise<Result>): Promise<Result> {
  return within(milliseconds, work, () => {
    const text = `The queue does not answer (nothing in ${milliseconds / 1000} s); check that its server runs.`;
    return new Failure('queue_unreachable', text);
  });
}
