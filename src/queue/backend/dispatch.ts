import type { JobsOptions } from 'bullmq';
import type { Pool } from 'pg';
import { Fault } from '../../fault.js';
import { type AnyJob, jobOptions } from '../ledger/job.js';
import type { Run } from '../ledger/run-ledger.js';
import type { Step } from '../ledger/step.js';
import { readCancelled, readReadySteps } from '../ledger/step-ledger.js';
import type { AnyQueue, QueueBackend } from './backend.js';
import type { AnyFlow } from './flow.js';

/** Attempts of the job that carries a flow, before a failure outside its steps ends the run. */
const flowRetries = { attempts: 10, backoffMs: 1000 };

/** Puts runs and steps on their queues. Enqueuing something twice has no effect. */
export interface Dispatch<Services> {
  readonly pool: Pool;
  queue(name: string): AnyQueue;
  job(name: string): AnyJob<Services>;
  flow(name: string): AnyFlow<Services>;
  enqueueRun(run: Pick<Run, 'id' | 'kind'>): Promise<void>;
  /**
   * Makes a worker continue the run from the ledger, whatever state its job is in. Safe to call concurrently, also while a
   * worker has the job.
   */
  reviveRun(run: Pick<Run, 'id' | 'kind'>): Promise<void>;
  /** One after another, so that the order on the queue is theirs. */
  enqueueSteps(steps: readonly Step[]): Promise<void>;
  /** Enqueues the steps that can start now that `after` has succeeded. */
  enqueueSuccessors(after: Pick<Step, 'runId' | 'stage' | 'name'>): Promise<void>;
}

export interface DispatchOptions<Services> {
  backend: QueueBackend;
  /** The data database, which contains the ledger, as the pipeline role. */
  pool: Pool;
  jobs: readonly AnyJob<Services>[];
  flows: readonly AnyFlow<Services>[];
}

/**
 * @throws Fault `flow_shape` when a job and a flow have the same name; later `job_unknown` for a name in neither list
 */
export function createDispatch<Services>({
  backend,
  pool,
  jobs,
  flows,
}: DispatchOptions<Services>): Dispatch<Services> {
  const jobsByName = new Map(jobs.map((job) => [job.name, job]));
  const flowsByName = new Map(flows.map((flow) => [flow.name, flow]));
  // A worker distinguishes flows from jobs by their names.
  const both = flows.find((flow) => jobsByName.has(flow.name));
  if (both !== undefined) {
    throw new Fault('flow_shape', `A job and a flow are both named ${both.name}; rename one of them.`);
  }

  const dispatch: Dispatch<Services> = {
    pool,
    queue: backend.makeQueue,
    job: (name) => known(jobsByName, name, 'job'),
    flow: (name) => known(flowsByName, name, 'flow'),

    async enqueueRun(run) {
      const flow = dispatch.flow(run.kind);
      await backend
        .makeQueue(flow.queue)
        .add(flow.name, { runId: run.id }, { ...jobOptions(flowRetries), jobId: run.id });
    },

    async reviveRun(run) {
      const queue = backend.makeQueue(dispatch.flow(run.kind).queue);
      const job = await queue.getJob(run.id);
      if ((await job?.getState()) === 'failed') {
        // It forgets the outage that it has waited for, so that it may wait again.
        await job!.updateData({ runId: run.id });
        await job!.retry('failed', { resetAttemptsMade: true }).catch(async (error: unknown) => {
          if ((await job!.getState()) === 'failed') throw error;
        });
      } else {
        await queue.remove(run.id, { removeChildren: false }); // Has no effect while a worker has it.
        await dispatch.enqueueRun(run);
      }
    },

    async enqueueSteps(steps) {
      const added: Step[] = [];
      for (const step of steps) {
        if (await enqueueStep(dispatch, step)) added.push(step);
      }
      if (added.length === 0) return;
      // If a step was cancelled after the caller read it, the cancel found no job to remove.
      const cancelled = await readCancelled(
        pool,
        added.map((step) => step.id),
      );
      for (const step of added) {
        if (cancelled.has(step.id)) await dispatch.queue(step.queue).remove(step.jobId);
      }
    },

    async enqueueSuccessors(after) {
      const ready = await readReadySteps(pool, after.runId, after.stage, after.name);
      await dispatch.enqueueSteps(ready);
    },
  };
  return dispatch;
}

/** @returns false when the step has a job already */
async function enqueueStep<Services>(dispatch: Dispatch<Services>, step: Step): Promise<boolean> {
  const target = dispatch.queue(step.queue);
  // If a job that has failed were added again, the flow would wait for it forever.
  if (await target.getJob(step.jobId)) return false;
  const parentQueue = dispatch.queue(dispatch.flow(step.runKind).queue);
  const options: JobsOptions = {
    ...jobOptions(dispatch.job(step.jobName)),
    jobId: step.jobId,
    parent: { id: step.runId, queue: parentQueue.qualifiedName },
    // The flow continues when a step fails; it decides from the ledger what follows.
    ignoreDependencyOnFailure: true,
  };
  await target.add(
    step.jobName, // The payload is for the queue board only; the worker reads it from the ledger.
    { runId: step.runId, stepId: step.id, payload: step.payload },
    options,
  );
  return true;
}

function known<T>(map: ReadonlyMap<string, T>, name: string, what: string): T {
  const found = map.get(name);
  if (found === undefined) {
    throw new Fault('job_unknown', `Unknown ${what} ${name}; known are ${[...map.keys()].join(', ')}.`);
  }
  return found;
}
