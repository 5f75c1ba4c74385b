import { hostname } from 'node:os';
import { DelayedError, type Job, UnrecoverableError, WaitingChildrenError, WaitingError } from 'bullmq';
import { Fault, messageOf } from '../fault.js';
import { looseContext, Stopped, stepContext, takenOver, untilStopped } from './attempt.js';
import { type AttemptWatch, watchAttempts } from './attempt-watch.js';
import { createDispatch, type Dispatch, type DispatchOptions } from './dispatch.js';
import { type AnyJob, type Counts, parsePayload } from './job.js';
import { endRun } from './run-ledger.js';
import { advanceRun, RunEnded } from './stages.js';
import { beginStep, readSteps, releaseStep, type Step, succeedStep } from './step-ledger.js';

export interface WorkerSettings {
  /** Jobs at once, per queue; 1 where not given. Flow queues hold waiting flows at no cost: give them more. */
  concurrency?: Record<string, number>;
  /** A worker that has not renewed a job's lock for so long is taken for dead. */
  lockMs?: number;
  /** How often jobs of dead workers are looked for. */
  stalledCheckMs?: number;
  /** How often running attempts ask whether they are still wanted. */
  watchMs?: number;
  /** How long work that was stopped may take to end before its slot is taken from it. */
  graceMs?: number;
}

export interface StartWorkersOptions<Services> extends DispatchOptions<Services> {
  services: Services;
  settings?: WorkerSettings;
  onError?: (error: unknown) => void;
}

export interface Workers {
  /** This process's name in the ledger: host and process id. */
  readonly name: string;
  /** Takes no more jobs, lets the running ones end for `waitMs`, then gives them back to the queue. */
  close(waitMs?: number): Promise<void>;
}

interface WorkerState<Services> {
  dispatch: Dispatch<Services>;
  services: Services;
  watch: AttemptWatch;
  name: string;
  graceMs: number;
  running: Set<AbortController>;
}

/** Starts one worker per queue that the jobs and flows name. */
export async function startWorkers<Services>(options: StartWorkersOptions<Services>): Promise<Workers> {
  const { backend, jobs, flows, pool, services, settings = {}, onError = () => {} } = options;
  const state: WorkerState<Services> = {
    dispatch: createDispatch({ backend, pool, jobs, flows }),
    services,
    watch: watchAttempts(pool, settings.watchMs ?? 1000, onError),
    name: `${hostname()}-${process.pid}`,
    graceMs: settings.graceMs ?? 5000,
    running: new Set(),
  };
  const flowNames = new Set(flows.map((flow) => flow.name));
  const queues = [...new Set([...jobs, ...flows].map((definition) => definition.queue))];
  const workers = queues.map((queue) =>
    backend.makeWorker(
      queue,
      (job, token) => (flowNames.has(job.name) ? runFlow(state, job, token!) : runJob(state, job, token!)),
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
        for (const controller of state.running) controller.abort(new Stopped('worker-stopping', 'The job'));
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
  } catch (error) {
    if (error instanceof WaitingChildrenError || error instanceof DelayedError) throw error;
    if (error instanceof RunEnded) throw new UnrecoverableError(error.message);
    if (isFinal(error, job)) {
      await endRun(dispatch.pool, runId, {
        state: 'failed',
        errorCode: codeOf(error),
        error: messageOf(error),
      });
    }
    throw forQueue(error);
  }
}

async function runJob<Services>(
  state: WorkerState<Services>,
  job: Job,
  token: string,
): Promise<Counts | undefined> {
  const { stepId, payload } = job.data as { stepId?: string; payload: unknown };
  const definition = state.dispatch.job(job.name);
  if (stepId === undefined) return runLoose(state, definition, job, payload);

  const step = await beginStep(state.dispatch.pool, stepId, job.id!, state.name);
  if (!step) {
    // Already done by an attempt that died before it could tell the queue, or no longer wanted.
    await repeatEnd(state.dispatch, (job.data as { runId: string }).runId, stepId);
    return undefined;
  }
  const controller = new AbortController();
  state.running.add(controller);
  const unwatch = state.watch.add({
    stepId: step.id,
    fence: step.fence,
    stop: (reason) => controller.abort(new Stopped(reason, step.name)),
  });
  let counts: Counts;
  try {
    const signal = controller.signal;
    const context = stepContext(
      {
        dispatch: state.dispatch,
        services: state.services,
        job,
        signal,
        payload: parsePayload(definition, payload),
      },
      step,
    );
    counts = (await untilStopped(definition.run(context), signal, state.graceMs)) ?? {};
    await endStep(state.dispatch, step, counts);
  } catch (error) {
    return await endAttempt(state, definition, job, token, step, error);
  } finally {
    unwatch();
    state.running.delete(controller);
  }
  // The successors are children of the flow before this job ends: else the flow might see no one at work.
  await state.dispatch.enqueueSuccessors(step);
  return counts;
}

async function runLoose<Services>(
  state: WorkerState<Services>,
  definition: AnyJob<Services>,
  job: Job,
  payload: unknown,
): Promise<Counts | undefined> {
  const controller = new AbortController();
  state.running.add(controller);
  try {
    const context = looseContext({
      dispatch: state.dispatch,
      services: state.services,
      job,
      signal: controller.signal,
      payload: parsePayload(definition, payload),
    });
    return await untilStopped(definition.run(context), controller.signal, state.graceMs);
  } catch (error) {
    throw forQueue(error);
  } finally {
    state.running.delete(controller);
  }
}

/** Marks the step succeeded unless `complete` has done so inside the effect's own transaction. */
async function endStep<Services>(dispatch: Dispatch<Services>, step: Step, counts: Counts): Promise<void> {
  if (await succeedStep(dispatch.pool, step.id, step.fence, counts)) return;
  const now = (await readSteps(dispatch.pool, step.runId, step.stage)).find((other) => other.id === step.id);
  if (now?.state !== 'succeeded' || now.fence !== step.fence) throw takenOver(step);
}

/** The step had ended when the job came: what followed from its end is done again, harmlessly. */
async function repeatEnd<Services>(
  dispatch: Dispatch<Services>,
  runId: string,
  stepId: string,
): Promise<void> {
  const step = (await readSteps(dispatch.pool, runId)).find((other) => other.id === stepId);
  if (step?.state === 'succeeded') await dispatch.enqueueSuccessors(step);
}

async function endAttempt<Services>(
  state: WorkerState<Services>,
  definition: AnyJob<Services>,
  job: Job,
  token: string,
  step: Step,
  error: unknown,
): Promise<never> {
  const { pool } = state.dispatch;
  const note = { code: codeOf(error), message: messageOf(error) };
  if (error instanceof Stopped && error.reason === 'worker-stopping') {
    await releaseStep(pool, step.id, step.fence, 'queued', note);
    await job.moveToWait(token);
    throw new WaitingError();
  }
  if (error instanceof Stopped) {
    await releaseStep(pool, step.id, step.fence, 'cancelled', note);
    throw forQueue(error);
  }
  const held = error instanceof Fault && definition.holdOn.includes(error.code);
  await releaseStep(
    pool,
    step.id,
    step.fence,
    held ? 'held' : isFinal(error, job) ? 'failed' : 'queued',
    note,
  );
  throw forQueue(error);
}

/** Whether the queue will not try the job again. */
function isFinal(error: unknown, job: Job): boolean {
  return error instanceof Fault || job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
}

function forQueue(error: unknown): Error {
  if (error instanceof Fault) return new UnrecoverableError(error.message);
  return error instanceof Error ? error : new Error(messageOf(error));
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'unexpected';
}
