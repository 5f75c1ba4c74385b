import { type Job, UnrecoverableError } from 'bullmq';
import { Fault, messageOf } from '../fault.js';

/** Whether the queue will not try the job again: after a fault, or when its tries are used up. */
export function isFinal(error: unknown, job: Job): boolean {
  return error instanceof Fault || job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
}

/** The error as the queue understands it: a fault must not be retried. */
export function forQueue(error: unknown): Error {
  if (error instanceof Fault) return new UnrecoverableError(error.message);
  return error instanceof Error ? error : new Error(messageOf(error));
}

/** The error's stable code for the ledger; Postgres and Node errors bring their own. */
export function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'unexpected';
}
