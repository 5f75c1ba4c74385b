import type { Job } from 'bullmq';
import type { Dispatch } from '../backend/dispatch.js';
import { outageThatEnded } from '../backend/outage.js';
import { listOpenRuns } from '../ledger/list-runs.js';
import { endRun, type Run, type RunEnd, readRun } from '../ledger/run-ledger.js';
import { readReadySteps, readSteps } from '../ledger/step-ledger.js';

/**
 * Compares the ledger's open runs with the queue and enqueues again what the queue has lost: it was flushed or restored from an
 * old backup, or a process died after it had written the ledger. Safe to run at any time, also concurrently.
 *
 * @returns the number of runs for which something was enqueued or ended
 * @throws the first error, after all runs were looked at
 */
export async function reconcileRuns<Services>(dispatch: Dispatch<Services>): Promise<number> {
  const open = await listOpenRuns(dispatch.pool);
  let repaired = 0;
  const errors: unknown[] = [];
  for (const run of open) {
    try {
      if (await reconcileRun(dispatch, run)) repaired += 1;
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
  return repaired;
}

async function reconcileRun<Services>(dispatch: Dispatch<Services>, run: Run): Promise<boolean> {
  const job = await dispatch.queue(run.queue).getJob(run.id);
  const state = job ? await job.getState() : 'unknown';
  switch (state) {
    case 'unknown':
      await dispatch.enqueueRun(run);
      return true;
    case 'failed':
      // A process opened the run again in the ledger and died before it changed the queue, or is about to change it.
      if ((await readRun(dispatch.pool, run.id))?.state === 'queued') {
        await dispatch.reviveRun(run);
        return true;
      }
      // A run ends in the ledger first, so here only the queue has given it up, after too many killed workers.
      return endRun(dispatch.pool, run.id, lossOf(job));
    case 'completed':
      await dispatch.reviveRun(run);
      return true;
    case 'waiting-children':
      return reconcileSteps(dispatch, run);
    default:
      return false;
  }
}

/** How a run ends that only the queue has ended. */
function lossOf(job: Job | undefined): RunEnd {
  const outage = outageThatEnded(job);
  if (outage !== undefined) return { state: 'failed', errorCode: 'outage', error: outage };
  const lost = `The queue gave up the run (${job?.failedReason}); read the workers' logs, then retry it.`;
  return { state: 'failed', errorCode: 'job_lost', error: lost };
}

async function reconcileSteps<Services>(dispatch: Dispatch<Services>, run: Run): Promise<boolean> {
  const steps = await readSteps(dispatch.pool, run.id, run.stage);
  const ready = await readReadySteps(dispatch.pool, run.id, run.stage);
  const startable = [...steps.filter((step) => step.state === 'running'), ...ready];
  let repaired = false;
  let alive = 0;
  for (const step of startable) {
    const job = await dispatch.queue(step.queue).getJob(step.jobId);
    const state = job ? await job.getState() : 'unknown';
    if (state === 'unknown') {
      await dispatch.enqueueSteps([step]);
      repaired = true;
    }
    if (state !== 'failed' && state !== 'completed') alive += 1;
  }
  if (alive > 0) return repaired;
  // No step is running, so nothing would wake the flow: a new job of the same run continues from the ledger.
  const parent = await dispatch.queue(run.queue).getJob(run.id);
  const counts = await parent?.getDependenciesCount({ unprocessed: true });
  if (!parent || (counts?.unprocessed ?? 0) > startable.length) return repaired;
  await dispatch.reviveRun(run);
  return true;
}
