import { type Job, UnrecoverableError } from 'bullmq';
import { Fault, messageOf } from '../../fault.js';

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

const makeRoom = 'make room, then retry the run, which goes on from where it stopped';

/** What to do about what Postgres and Node say in their own words, by their codes. */
const remedies: Readonly<Record<string, string>> = { '53100': makeRoom, ENOSPC: makeRoom };

/** What the ledger says of an error: what was found and, where that is the system's own message, what to do. */
export function sentenceOf(error: unknown): string {
  const remedy = remedies[codeOf(error)];
  return remedy === undefined ? messageOf(error) : `The disk is full (${messageOf(error)}); ${remedy}.`;
}
