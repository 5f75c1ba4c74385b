import type { JobsOptions } from 'bullmq';
import type { Pool } from 'pg';
import { Fault } from '../../fault.js';
import { type AnyJob, jobOptions } from '../ledger/job.js';
import type { Run } from '../ledger/run-ledger.js';
import { readReadySteps, readStep, type Step } from '../ledger/step-ledger.js';
import type { AnyQueue, QueueBackend } from './backend.js';
import type { AnyFlow } from './flow.js';

/** Tries of the job that carries a flow, before a failure of its own (not of a step) ends the run. */
const flowRetries = { attempts: 10, backoffMs: 1000 };

/** Puts runs and steps on their queues. Enqueuing what is already there changes nothing. */
export interface Dispatch<Services> {
  readonly pool: Pool;
  queue(name: string): AnyQueue;
  job(name: string): AnyJob<Services>;
  flow(name: string): AnyFlow<Services>;
  enqueueRun(run: Pick<Run, 'id' | 'kind'>): Promise<void>;
  /**
   * Has a run carried on from the ledger, whatever became of its job. Several may ask for the same at once, and a worker may
   * have the job by then: that is as good.
   */
  reviveRun(run: Pick<Run, 'id' | 'kind'>): Promise<void>;
  enqueueStep(step: Step): Promise<void>;
  /** Enqueues the steps that can start now that `after` has succeeded. */
  enqueueSuccessors(after: Pick<Step, 'runId' | 'stage' | 'name'>): Promise<void>;
}

export interface DispatchOptions<Services> {
  backend: QueueBackend;
  /** The data database, as the pipeline role: it holds the ledger. */
  pool: Pool;
  jobs: readonly AnyJob<Services>[];
  flows: readonly AnyFlow<Services>[];
}

/**
 * @throws Fault `flow_shape` when a job and a flow share a name; `job_unknown` later on, when a name turns up that is in
 * neither list.
 */
export function createDispatch<Services>({
  backend,
  pool,
  jobs,
  flows,
}: DispatchOptions<Services>): Dispatch<Services> {
  const jobsByName = new Map(jobs.map((job) => [job.name, job]));
  const flowsByName = new Map(flows.map((flow) => [flow.name, flow]));
  // A worker tells flows from jobs by their names.
  const both = flows.find((flow) => jobsByName.has(flow.name));
  if (both !== undefined) {
    throw new Fault('flow_shape', `A job and a flow are both named ${both.name}; rename one.`);
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
        await job!.retry('failed', { resetAttemptsMade: true }).catch(async (error: unknown) => {
          if ((await job!.getState()) === 'failed') throw error;
        });
      } else {
        await queue.remove(run.id, { removeChildren: false }); // not where a worker has it
        await dispatch.enqueueRun(run);
      }
    },

    async enqueueStep(step) {
      const target = backend.makeQueue(step.queue);
      // Adding a job that has failed would make the flow wait for it for ever.
      if (await target.getJob(step.jobId)) return;
      const parentQueue = backend.makeQueue(dispatch.flow(step.runKind).queue);
      const options: JobsOptions = {
        ...jobOptions(dispatch.job(step.jobName)),
        jobId: step.jobId,
        parent: { id: step.runId, queue: parentQueue.qualifiedName },
        // The flow goes on when a step fails; it reads from the ledger what that means.
        ignoreDependencyOnFailure: true,
      };
      await target.add(
        step.jobName, // The payload is here for the queue board; the worker reads it from the ledger.
        { runId: step.runId, stepId: step.id, payload: step.payload },
        options,
      );
      // A cancel between the caller's look at the ledger and this moment found no job to take off the queue.
      if ((await readStep(pool, step.id))?.state === 'cancelled') await target.remove(step.jobId);
    },

    async enqueueSuccessors(after) {
      const ready = await readReadySteps(pool, after.runId, after.stage, after.name);
      for (const step of ready) await dispatch.enqueueStep(step);
    },
  };
  return dispatch;
}

function known<T>(map: ReadonlyMap<string, T>, name: string, what: string): T {
  const found = map.get(name);
  if (found === undefined) {
    throw new Fault(
      'job_unknown',
      `There is no ${what} named ${name}; known are ${[...map.keys()].join(', ')}.`,
    );
  }
  return found;
}
