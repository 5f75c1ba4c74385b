import { hostname } from 'node:os';
import { DelayedError, type Job, UnrecoverableError, WaitingChildrenError, WaitingError } from 'bullmq';
import { spanned } from '../../telemetry.js';
import { createDispatch, type DispatchOptions } from '../backend/dispatch.js';
import { endRun, type Run, readRun } from '../ledger/run-ledger.js';
import { advanceRun, RunEnded } from './advance-run.js';
import { Stopped } from './attempt.js';
import { watchAttempts } from './attempt-watch.js';
import { codeOf, forQueue, isFinal, sentenceOf } from './error-policy.js';
import { outlast, outlookOf } from './outlast.js';
import { runLoose, runStep } from './run-step.js';
import type { WorkerState } from './worker-state.js';

export interface WorkerSettings {
  /** Concurrent jobs per queue; 1 by default. Waiting flows cost nothing, so give flow queues more. */
  concurrency?: Record<string, number>;
  /** A worker that has not renewed a job's lock for this long is considered dead. */
  lockMs?: number;
  /** Interval of the search for jobs of dead workers. */
  stalledCheckMs?: number;
  /** Interval at which running attempts check whether they are still wanted. */
  watchMs?: number;
  /** How long a job may wait in total for a database or queue that does not answer; 1 hour by default. */
  outageLimitMs?: number | undefined;
  /** How long stopped work may take to end before its slot is given to another job. */
  graceMs?: number;
}

export interface StartWorkersOptions<Services> extends DispatchOptions<Services> {
  services: Services;
  settings?: WorkerSettings;
  onError?: (error: unknown) => void;
  /** Receives each run that has ended under this worker, whatever its state. */
  onEnd?: (run: Run) => void;
}

export interface Workers {
  /** This process's name in the ledger: host name and process id. */
  readonly name: string;
  /** Takes no more jobs, waits `waitMs` for the running ones to end, then returns them to the queue. */
  close(waitMs?: number): Promise<void>;
}

/** Starts one worker per queue that the jobs and flows name. */
export async function startWorkers<Services>(options: StartWorkersOptions<Services>): Promise<Workers> {
  const {
    backend,
    jobs,
    flows,
    pool,
    services,
    settings = {},
    onError = () => {},
    onEnd = () => {},
  } = options;
  const state: WorkerState<Services> = {
    dispatch: createDispatch({ backend, pool, jobs, flows }),
    services,
    watch: watchAttempts(pool, settings.watchMs ?? 1000, onError),
    name: `${hostname()}-${process.pid}`,
    graceMs: settings.graceMs ?? 5000,
    outageLimitMs: settings.outageLimitMs ?? 3_600_000,
    running: new Set(),
    onEnd,
    onError,
  };
  const flowNames = new Set(flows.map((flow) => flow.name));
  const queues = [...new Set([...jobs, ...flows].map((definition) => definition.queue))];
  const workers = queues.map((queue) =>
    backend.makeWorker(
      queue,
      (job, token) =>
        spanned(
          `process ${job.name}`,
          'CONSUMER',
          spanAttributes(queue, job),
          async () =>
            flowNames.has(job.name)
              ? runFlow(state, job, token!)
              : isStep(job)
                ? runStep(state, job, token!)
                : runLoose(state, job),
          isEnd,
        ),
      {
        name: state.name,
        concurrency: settings.concurrency?.[queue] ?? 1,
        lockDuration: settings.lockMs ?? 30_000,
        stalledInterval: settings.stalledCheckMs ?? 15_000,
      },
    ),
  );
  await Promise.all(workers.map((worker) => worker.waitUntilReady()));
  return {
    name: state.name,
    async close(waitMs = 10_000) {
      const timer = setTimeout(() => {
        for (const controller of state.running) controller.abort(new Stopped('worker_stopping', 'The job'));
      }, waitMs);
      await Promise.all(workers.map((worker) => worker.close()));
      clearTimeout(timer);
      state.watch.close();
    },
  };
}

async function runFlow<Services>(state: WorkerState<Services>, job: Job, token: string): Promise<void> {
  const { runId } = job.data as { runId: string };
  const { dispatch, services } = state;
  try {
    await advanceRun(dispatch, services, job, token, runId);
    await reportEnd(state, runId);
  } catch (error) {
    if (error instanceof WaitingChildrenError || error instanceof DelayedError) throw error;
    if (error instanceof RunEnded) {
      await reportEnd(state, runId);
      throw new UnrecoverableError(error.message);
    }
    const outlook = outlookOf(state, job, error);
    if (outlook.kind === 'wait') throw await outlast(state, job, token, error);
    if (outlook.kind === 'over' || isFinal(error, job)) {
      await endRun(
        dispatch.pool,
        runId,
        outlook.kind === 'over'
          ? { state: 'failed', errorCode: 'outage', error: outlook.message }
          : { state: 'failed', errorCode: codeOf(error), error: sentenceOf(error) },
      );
      await reportEnd(state, runId);
    }
    throw outlook.kind === 'over' ? new UnrecoverableError(outlook.message) : forQueue(error);
  }
}

/** BullMQ also uses errors as signals that a job waits and will be processed again; these do not end it. */
function isEnd(error: unknown): boolean {
  return ![DelayedError, WaitingChildrenError, WaitingError].some((each) => error instanceof each);
}

/** All jobs of a run carry its id, whichever process works on them. */
function spanAttributes(queue: string, { id, attemptsMade, data }: Job) {
  const { runId, stepId } = data as { runId?: string; stepId?: string };
  return {
    'messaging.system': 'bullmq',
    'messaging.destination.name': queue,
    'messaging.message.id': id,
    'marquee.run_id': runId,
    'marquee.step_id': stepId,
    'marquee.attempt': attemptsMade + 1,
  };
}

async function reportEnd<Services>({ dispatch, onEnd }: WorkerState<Services>, runId: string): Promise<void> {
  // If the ledger cannot be read now, the run has ended all the same; only this notice is lost.
  const run = await readRun(dispatch.pool, runId).catch(() => undefined);
  if (run !== undefined && run.finishedDate !== null) onEnd(run);
}

function isStep(job: Job): boolean {
  return typeof (job.data as { stepId?: unknown }).stepId === 'string';
}
