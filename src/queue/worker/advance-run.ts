import { DelayedError, type Job, WaitingChildrenError } from 'bullmq';
import { ledger } from '../../database/prisma-client.js';
import { inTransaction } from '../../database/transaction.js';
import { Fault } from '../../fault.js';
import type { Dispatch } from '../backend/dispatch.js';
import { type AnyFlow, type FlowContext, nameSteps, resultsOf } from '../backend/flow.js';
import { outageThatEnded } from '../backend/outage.js';
import { parsePayload } from '../ledger/job.js';
import { beginRun, endRun, type Run } from '../ledger/run-ledger.js';
import type { Step } from '../ledger/step.js';
import {
  cancelQueuedSteps,
  closeStep,
  insertSteps,
  readRunWithSteps,
  readSteps,
} from '../ledger/step-ledger.js';

/** How long a flow waits before it reads the ledger again, when its steps are open but the queue has none to wait for. */
const lookAgainMs = 1000;

/** The run ended because a step did not succeed; the ledger already contains this. */
export class RunEnded extends Fault {}

/**
 * Takes a run through its stages. Called each time the queue gives the flow's job to a worker: at the start, and when the
 * steps it waits for are done. It keeps its state in the ledger only, so that a kill at any moment, or two workers at the same
 * time, do no harm.
 *
 * @throws WaitingChildrenError while steps are running (this is how the queue is asked to wait)
 * @throws RunEnded when the run did not succeed
 */
export async function advanceRun<Services>(
  dispatch: Dispatch<Services>,
  services: Services,
  job: Job,
  token: string,
  runId: string,
): Promise<void> {
  const { pool } = dispatch;
  if (!(await beginRun(pool, runId))) return;
  const flow = dispatch.flow(job.name);
  for (;;) {
    const found = await readRunWithSteps(pool, runId);
    if (!found) return;
    const { run, steps } = found;
    const current = steps.filter((step) => step.stage === run.stage);
    if (run.cancelRequested) {
      await cancelOpenSteps(dispatch, run);
    }
    if (!run.cancelRequested && current.every((step) => step.state === 'succeeded')) {
      const context = flowContext(flow, run, steps, services);
      if (run.stage >= flow.stages.length - 1) {
        const result = await flow.finish?.(context);
        await endRun(pool, runId, { state: 'succeeded', ...result });
        return;
      }
      await planStage(dispatch, flow, run, context);
      continue;
    }
    if ((await ensureJobs(dispatch, current)) === 0) {
      await endUnsuccessful(dispatch, run, await readSteps(pool, runId, run.stage));
    }
    if (await job.moveToWaitingChildren(token)) throw new WaitingChildrenError();
    // Either the steps ended in the meantime, or this job is not their parent because it was lost and added again: then only
    // reading the ledger again helps.
    const now = await readSteps(pool, runId, run.stage);
    if (now.some((step, index) => step.state !== current[index]?.state)) continue;
    await job.moveToDelayed(Date.now() + lookAgainMs, token);
    throw new DelayedError();
  }
}

function flowContext<Services>(
  flow: AnyFlow<Services>,
  run: Run,
  steps: readonly Step[],
  services: Services,
): FlowContext<unknown, Services> {
  return {
    runId: run.id,
    payload: parsePayload(flow, run.payload),
    services,
    results: resultsOf(flow.stages, steps),
  };
}

/** Plans the next stage. When two workers do so at the same time, the ledger keeps the first plan. */
async function planStage<Services>(
  dispatch: Dispatch<Services>,
  flow: AnyFlow<Services>,
  run: Run,
  context: FlowContext<unknown, Services>,
): Promise<void> {
  const index = run.stage + 1;
  const stage = flow.stages[index]!;
  const planned = nameSteps(stage.name, await stage.plan(context));
  for (const step of planned) dispatch.job(step.jobName);
  await inTransaction(dispatch.pool, async (client) => {
    const moved = await (await ledger(client)).run.updateMany({
      where: { id: run.id, stage: index - 1 },
      data: { stage: index },
    });
    if (moved.count === 1) await insertSteps(client, run.id, index, planned);
  });
}

/** Makes sure that every step that can run has a job. @returns the number of these steps */
async function ensureJobs<Services>(dispatch: Dispatch<Services>, steps: readonly Step[]): Promise<number> {
  const succeeded = new Set(steps.filter((step) => step.state === 'succeeded').map((step) => step.name));
  const startable = steps.filter(
    (step) =>
      step.state === 'running' ||
      (step.state === 'queued' && step.dependsOn.every((needed) => succeeded.has(needed))),
  );
  const open: Step[] = [];
  for (const step of startable) {
    if (await isOpen(dispatch, step)) open.push(step);
  }
  await dispatch.enqueueSteps(open);
  return open.length;
}

/** Whether the step can still run. If the queue has failed it, it fails in the ledger too. */
async function isOpen<Services>(dispatch: Dispatch<Services>, step: Step): Promise<boolean> {
  const queue = dispatch.queue(step.queue);
  const job = await queue.getJob(step.jobId);
  const state = await job?.getState();
  if (state === 'failed') {
    // The ledger says the step is open, so only the queue has failed it: after too many killed workers, or because the ledger was
    // not reachable.
    const outage = outageThatEnded(job);
    const lost = `The queue gave up ${step.name} (${job?.failedReason}); see the workers' logs, then retry the run.`;
    const reason =
      outage === undefined ? { code: 'job_lost', message: lost } : { code: 'outage', message: outage };
    await closeStep(dispatch.pool, step.id, 'failed', reason);
    return false;
  }
  if (state === 'completed') await queue.remove(step.jobId);
  return true;
}

async function cancelOpenSteps<Services>(dispatch: Dispatch<Services>, run: Run): Promise<void> {
  await cancelQueuedSteps(dispatch.pool, run.id, {
    code: 'run_cancelled',
    message: 'The run was cancelled.',
  });
}

/** Ends a run that has no running steps and not only succeeded ones; its state follows from theirs. */
async function endUnsuccessful<Services>(
  dispatch: Dispatch<Services>,
  run: Run,
  steps: readonly Step[],
): Promise<never> {
  const ended = steps
    .filter((step) => step.finishedDate !== null)
    .sort((a, b) => a.finishedDate!.getTime() - b.finishedDate!.getTime());
  const cause = ended.find((step) => step.state === 'failed') ?? ended.find((step) => step.state === 'held');
  const state = run.cancelRequested ? 'cancelled' : cause?.state === 'held' ? 'held' : 'failed';
  const errorCode = run.cancelRequested ? 'run_cancelled' : (cause?.errorCode ?? 'step_failed');
  const error = run.cancelRequested
    ? 'The run was cancelled.'
    : (cause?.error ?? 'A step of the run did not succeed.');
  await cancelQueuedSteps(dispatch.pool, run.id, {
    code: 'not_started',
    message: `Not started, because ${cause?.name ?? 'the run'} did not succeed.`,
  });
  await endRun(dispatch.pool, run.id, { state, errorCode, error });
  throw new RunEnded(errorCode, error);
}
