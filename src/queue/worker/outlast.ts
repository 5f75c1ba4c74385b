import { setTimeout as sleep } from 'node:timers/promises';
import { DelayedError, type Job, UnrecoverableError } from 'bullmq';
import { type Outage, outageIn, outageOf, outlastedText } from '../backend/outage.js';
import { sentenceOf } from './error-policy.js';
import type { WorkerState } from './worker-state.js';

const firstPauseMs = 1000;
const longestPauseMs = 30_000;

/** What follows from an error of a job. */
export type Outlook =
  | { readonly kind: 'other' }
  /** The job waits, and this does not count as an attempt. */
  | { readonly kind: 'wait'; readonly outage: Outage; readonly pauseMs: number }
  /** It has waited long enough. */
  | { readonly kind: 'over'; readonly message: string };

/** Whether an error is an outage, and whether the job may wait for its end. */
export function outlookOf<Services>(state: WorkerState<Services>, job: Job, error: unknown): Outlook {
  const message = outageOf(error);
  if (message === undefined) return { kind: 'other' };
  const { waitedMs, tries } = outageIn(job) ?? { waitedMs: 0, tries: 0 };
  const minutes = Math.round(state.outageLimitMs / 60_000);
  if (waitedMs >= state.outageLimitMs) {
    return { kind: 'over', message: outlastedText(message, minutes) };
  }
  const pauseMs = Math.min(firstPauseMs * 2 ** tries, longestPauseMs);
  const waits = `${message} The run waits and tries again, for up to ${minutes} minutes.`;
  return {
    kind: 'wait',
    outage: { waitedMs: waitedMs + pauseMs, tries: tries + 1, message: waits },
    pauseMs,
  };
}

/**
 * Gives up the slot of a job and lets it wait for the end of an outage. While the queue does not answer either, there is nothing to
 * give up, so this waits for the queue first.
 *
 * @returns the error to throw: it tells the queue that the job is delayed, or why it failed
 */
export async function outlast<Services>(
  state: WorkerState<Services>,
  job: Job,
  token: string,
  error: unknown,
): Promise<unknown> {
  const outlook = outlookOf(state, job, error);
  if (outlook.kind === 'other') return error;
  if (outlook.kind === 'over') return new UnrecoverableError(outlook.message);
  state.onError(
    new Error(`${job.name}: ${sentenceOf(error)}. It waits, and this is no attempt.`, { cause: error }),
  );
  const controller = new AbortController();
  state.running.add(controller);
  try {
    for (;;) {
      try {
        await job.updateData({ ...(job.data as object), outage: outlook.outage });
        await job.moveToDelayed(Date.now() + outlook.pauseMs, token);
        return new DelayedError();
      } catch (refused) {
        if (outageOf(refused) === undefined) return refused;
        await sleep(firstPauseMs, undefined, { signal: controller.signal });
      }
    }
  } catch {
    return error; // The worker stops; the next one finds the job.
  } finally {
    state.running.delete(controller);
  }
}
