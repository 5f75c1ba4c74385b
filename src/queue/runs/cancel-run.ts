import { ledger } from '../../database/prisma-client.js';
import { Fault } from '../../fault.js';
import type { Dispatch } from '../backend/dispatch.js';
import { endRun, type Run, requestCancel } from '../ledger/run-ledger.js';
import { cancelQueuedSteps, readSteps } from '../ledger/step-ledger.js';
import { existingRun } from './existing-run.js';

const cancelled = { code: 'run_cancelled', message: 'The run was cancelled.' } as const;

/** Asks a run to stop. @throws Fault `run_unknown`, `run_not_cancellable` */
export async function cancelRun<Services>(dispatch: Dispatch<Services>, runId: string): Promise<Run> {
  const { pool } = dispatch;
  const run = await existingRun(pool, runId);
  const state = await requestCancel(pool, runId);
  switch (state) {
    case 'succeeded':
    case 'failed':
      throw new Fault(
        'run_not_cancellable',
        `Run ${runId} has already ${state}; only a queued, running or held run can be cancelled.`,
      );
    case 'queued':
    case 'running':
      await removeQueuedSteps(dispatch, runId);
      await endIfIdle(dispatch, run);
      break;
    case 'held':
      await (await ledger(pool)).run.updateMany({
        where: { id: runId, state: 'held' },
        data: { state: 'cancelled' },
      });
      break;
    default: // It was cancelled before.
  }
  return existingRun(pool, runId);
}

async function removeQueuedSteps<Services>(dispatch: Dispatch<Services>, runId: string): Promise<void> {
  const steps = await cancelQueuedSteps(dispatch.pool, runId, cancelled);
  // A job that a worker has just taken cannot be removed; that worker learns of the cancel from the ledger.
  const removals = steps.map((step) =>
    dispatch
      .queue(step.queue)
      .remove(step.jobId)
      .catch(() => 0),
  );
  await Promise.all(removals);
}

/** Ends the run at once when none of its steps is running; otherwise the flow ends it after that step. */
async function endIfIdle<Services>(dispatch: Dispatch<Services>, run: Run): Promise<void> {
  const parent = await dispatch.queue(run.queue).getJob(run.id);
  const state = await parent?.getState();
  if (state !== 'waiting' && state !== 'delayed' && state !== undefined) return;
  if ((await readSteps(dispatch.pool, run.id)).some((step) => step.state === 'running')) {
    await dispatch.enqueueRun(run);
    return;
  }
  await endRun(dispatch.pool, run.id, {
    state: 'cancelled',
    errorCode: cancelled.code,
    error: cancelled.message,
  });
  await parent?.remove({ removeChildren: false }).catch(() => {});
}
