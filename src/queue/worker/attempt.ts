import type { Job } from 'bullmq';
import type { PoolClient } from 'pg';
import { stoppedBy } from '../../database/transaction.js';
import { Fault } from '../../fault.js';
import type { Dispatch } from '../backend/dispatch.js';
import { nameSteps } from '../backend/flow.js';
import type { Counts, JobContext, PlannedStep } from '../ledger/job.js';
import type { Step } from '../ledger/step.js';
import { holdStep, insertSteps, noteProgress, readSteps, succeedStep } from '../ledger/step-ledger.js';
import type { StopReason } from './attempt-watch.js';

/** Minimum time between two progress updates in the ledger. */
const progressIntervalMs = 500;

interface AttemptOptions<Services> {
  dispatch: Dispatch<Services>;
  services: Services;
  job: Job;
  signal: AbortSignal;
  payload: unknown;
}

/** The context of a job outside any run, which the ledger does not contain. */
export function looseContext<Services>(options: AttemptOptions<Services>): JobContext<unknown, Services> {
  const { job, services, signal, payload } = options;
  const noStep = () => {
    throw new Fault(
      'job_without_run',
      `Job ${job.name} does not belong to a run, so it has no step to fence or extend.`,
    );
  };
  return {
    payload,
    services,
    signal,
    runId: null,
    stepId: null,
    stepName: job.name,
    attempt: job.attemptsStarted,
    progress: (value) => job.updateProgress(value),
    log: async (line) => void (await job.log(line)),
    fence: async () => noStep(),
    complete: async () => noStep(),
    addSteps: async () => noStep(),
  };
}

/** The context of one attempt at a step. */
export function stepContext<Services>(
  options: AttemptOptions<Services>,
  step: Step,
): JobContext<unknown, Services> {
  const { dispatch, job } = options;
  let noted = 0;
  return {
    ...looseContext(options),
    runId: step.runId,
    stepId: step.id,
    stepName: step.name,
    attempt: step.attempt,
    async progress(value) {
      await job.updateProgress(value);
      if (Date.now() - noted < progressIntervalMs) return;
      noted = Date.now();
      await noteProgress(
        dispatch.pool,
        step.id,
        step.fence,
        typeof value === 'number' ? { percent: value } : value,
      );
    },
    async fence(client: PoolClient) {
      if (!(await holdStep(client, step.id, step.fence))) throw superseded(step);
    },
    async complete(client: PoolClient, counts: Counts) {
      if (!(await succeedStep(client, step.id, step.fence, counts))) throw superseded(step);
    },
    async addSteps(steps: readonly PlannedStep[]) {
      const stage = dispatch.flow(step.runKind).stages[step.stage]!;
      const known = await readSteps(dispatch.pool, step.runId, step.stage);
      const named = nameSteps(
        stage.name,
        steps,
        known.map((other) => other.name),
      );
      await insertSteps(dispatch.pool, step.runId, step.stage, named);
      const names = new Set(named.map((other) => other.name));
      const succeeded = new Set(
        known.filter((other) => other.state === 'succeeded').map((other) => other.name),
      );
      const added = await readSteps(dispatch.pool, step.runId, step.stage);
      await dispatch.enqueueSteps(
        added.filter(
          (other) =>
            names.has(other.name) &&
            other.state === 'queued' &&
            other.dependsOn.every((needed) => succeeded.has(needed)),
        ),
      );
    },
  };
}

export function superseded(step: Step): Fault {
  return new Fault(
    'step_taken_over',
    `Attempt ${step.attempt} of ${step.name} is superseded by another attempt or by a cancel; it writes nothing.`,
  );
}

/** The reason why an attempt is stopped from outside. */
export class Stopped extends Fault {
  readonly reason: StopReason;

  constructor(reason: StopReason, name: string) {
    const why = {
      run_cancelled: 'its run was cancelled',
      step_taken_over: 'another attempt supersedes it',
      worker_stopping: 'its worker is stopping',
    }[reason];
    super(reason, `${name} was stopped because ${why}.`);
    this.reason = reason;
  }
}

/**
 * Runs `work`. When the signal aborts, its transactions are ended, and it is given up after `graceMs`: the slot must become free
 * even when the work ignores the signal. Anything such work writes later is rejected, because its fence is stale.
 */
export async function untilStopped<T>(
  work: () => Promise<T>,
  signal: AbortSignal,
  graceMs: number,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let listener: (() => void) | undefined;
  const stopped = new Promise<never>((_, reject) => {
    listener = () => {
      timer = setTimeout(() => reject(signal.reason), graceMs);
    };
    if (signal.aborted) listener();
    else signal.addEventListener('abort', listener, { once: true });
  });
  const working = stoppedBy(signal, work);
  working.catch(() => {}); // After it is given up, its error must not end the process.
  try {
    return await Promise.race([working, stopped]);
  } catch (error) {
    // Any error after the abort is a consequence of it.
    throw signal.aborted ? signal.reason : error;
  } finally {
    clearTimeout(timer);
    if (listener) signal.removeEventListener('abort', listener);
  }
}
