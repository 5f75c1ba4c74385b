import type { Dispatch } from '../backend/dispatch.js';
import { listOpenRuns } from '../ledger/list-runs.js';
import { endRun, type Run, readRun } from '../ledger/run-ledger.js';
import { readReadySteps, readSteps } from '../ledger/step-ledger.js';

/**
 * Compares the ledger's open runs with the queue and enqueues again what the queue has lost
 * (it was flushed, restored from an old backup, or a process died between ledger and queue).
 * Safe to run at any time, beside workers and beside itself.
 *
 * @returns how many runs were helped.
 * @throws the first of what kept runs from being helped, when all were looked at
 */
export async function reconcileRuns<Services>(dispatch: Dispatch<Services>): Promise<number> {
  const open = await listOpenRuns(dispatch.pool);
  let helped = 0;
  const errors: unknown[] = [];
  for (const run of open) {
    try {
      if (await reconcileRun(dispatch, run)) helped += 1;
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
  return helped;
}

async function reconcileRun<Services>(dispatch: Dispatch<Services>, run: Run): Promise<boolean> {
  const job = await dispatch.queue(run.queue).getJob(run.id);
  const state = job ? await job.getState() : 'unknown';
  switch (state) {
    case 'unknown':
      await dispatch.enqueueRun(run);
      return true;
    case 'failed':
      // Opened again in the ledger by somebody who died before the queue heard of it, or is about to tell it.
      if ((await readRun(dispatch.pool, run.id))?.state === 'queued') {
        await dispatch.reviveRun(run);
        return true;
      }
      // A run ends in the ledger first; here only the queue gave up, after too many killed workers.
      return endRun(dispatch.pool, run.id, {
        state: 'failed',
        errorCode: 'job_lost',
        error: `The queue gave up the run (${job?.failedReason}); see the workers' logs, then retry it.`,
      });
    case 'completed':
      await dispatch.reviveRun(run);
      return true;
    case 'waiting-children':
      return reconcileSteps(dispatch, run);
    default:
      return false;
  }
}

async function reconcileSteps<Services>(dispatch: Dispatch<Services>, run: Run): Promise<boolean> {
  const steps = await readSteps(dispatch.pool, run.id, run.stage);
  const ready = await readReadySteps(dispatch.pool, run.id, run.stage);
  const startable = [...steps.filter((step) => step.state === 'running'), ...ready];
  let helped = false;
  let alive = 0;
  for (const step of startable) {
    const job = await dispatch.queue(step.queue).getJob(step.jobId);
    const state = job ? await job.getState() : 'unknown';
    if (state === 'unknown') {
      await dispatch.enqueueStep(step);
      helped = true;
    }
    if (state !== 'failed' && state !== 'completed') alive += 1;
  }
  if (alive > 0) return helped;
  // Nothing is under way, so nothing will wake the flow: a new job of the same run looks at the ledger.
  const parent = await dispatch.queue(run.queue).getJob(run.id);
  const counts = await parent?.getDependenciesCount({ unprocessed: true });
  if (!parent || (counts?.unprocessed ?? 0) > startable.length) return helped;
  await dispatch.reviveRun(run);
  return true;
}
