import { type Job, UnrecoverableError } from 'bullmq';
import { Fault, messageOf } from '../../fault.js';

/** Whether the queue will not retry the job: after a fault, or when its attempts are used up. */
export function isFinal(error: unknown, job: Job): boolean {
  return error instanceof Fault || job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
}

/** The error in the form that tells the queue not to retry a fault. */
export function forQueue(error: unknown): Error {
  if (error instanceof Fault) return new UnrecoverableError(error.message);
  return error instanceof Error ? error : new Error(messageOf(error));
}

/** The error's stable code for the ledger; errors of Postgres and Node have their own. */
export function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'unexpected';
}

const makeRoom = 'free some space, then retry the run, which resumes where it stopped';

/** What to do about errors of Postgres and Node, by their codes. */
const remedies: Readonly<Record<string, string>> = { '53100': makeRoom, ENOSPC: makeRoom };

/** The error's message for the ledger; for an error of the system, with what to do about it. */
export function sentenceOf(error: unknown): string {
  const remedy = remedies[codeOf(error)];
  return remedy === undefined ? messageOf(error) : `The disk is full (${messageOf(error)}); ${remedy}.`;
}
