import { type Job, WaitingError } from 'bullmq';
import { Fault, messageOf } from '../../fault.js';
import { type Counts, parsePayload } from '../ledger/job.js';
import type { Step, StepError } from '../ledger/step.js';
import { beginStep, readStep, releaseStep, succeedStep } from '../ledger/step-ledger.js';
import { looseContext, Stopped, stepContext, superseded, untilStopped } from './attempt.js';
import { codeOf, forQueue, isFinal, sentenceOf } from './error-policy.js';
import { outlast, outlookOf } from './outlast.js';
import type { WorkerState } from './worker-state.js';

/** Runs a job outside any run. */
export async function runLoose<Services>(
  state: WorkerState<Services>,
  job: Job,
): Promise<Counts | undefined> {
  const controller = new AbortController();
  state.running.add(controller);
  try {
    const { dispatch, services, graceMs } = state;
    const definition = dispatch.job(job.name);
    const payload = parsePayload(definition, (job.data as { payload: unknown }).payload);
    const context = looseContext({ dispatch, services, job, signal: controller.signal, payload });
    return await untilStopped(() => definition.run(context), controller.signal, graceMs);
  } catch (error) {
    if (!(error instanceof Stopped)) {
      // It belongs to no run, so only this handler reports it.
      const why = `The scheduled job ${job.name} failed: ${messageOf(error)}`;
      state.onError(new Error(why, { cause: error }));
    }
    throw forQueue(error);
  } finally {
    state.running.delete(controller);
  }
}

/**
 * Makes one attempt at the job's step, and records in the ledger how it ended. When the database or the queue does not answer, the
 * job waits, and this does not count as an attempt.
 */
export async function runStep<Services>(
  state: WorkerState<Services>,
  job: Job,
  token: string,
): Promise<Counts | undefined> {
  try {
    return await tryStep(state, job, token);
  } catch (error) {
    throw await outlast(state, job, token, error);
  }
}

async function tryStep<Services>(
  state: WorkerState<Services>,
  job: Job,
  token: string,
): Promise<Counts | undefined> {
  const { dispatch } = state;
  const { stepId } = job.data as { stepId: string };
  const step = await beginStep(dispatch.pool, stepId, job.id!, state.name);
  let ended: Step | undefined;
  if (step) {
    try {
      ended = await attempt(state, job, step);
    } catch (error) {
      ended = await readSucceeded(state, step);
      if (ended === undefined) return await endAttempt(state, job, token, step, error);
    }
  } else {
    // The step had already ended: in an attempt that died before the queue knew, or by a cancel.
    ended = await readStep(dispatch.pool, stepId);
    if (ended?.state !== 'succeeded') return undefined;
  }
  // The next steps must become children of the flow before this job ends: otherwise the flow would find nothing running.
  await dispatch.enqueueSuccessors(ended);
  return ended.counts;
}

/** Runs the step's job. @returns the step as it succeeded */
async function attempt<Services>(state: WorkerState<Services>, job: Job, step: Step): Promise<Step> {
  const { dispatch, services, graceMs } = state;
  const controller = new AbortController();
  const { signal } = controller;
  state.running.add(controller);
  const unwatch = state.watch.add({
    stepId: step.id,
    fence: step.fence,
    stop: (reason) => controller.abort(new Stopped(reason, step.name)),
  });
  try {
    const definition = dispatch.job(step.jobName);
    const payload = parsePayload(definition, step.payload);
    const context = stepContext({ dispatch, services, job, signal, payload }, step);
    const counts = (await untilStopped(() => definition.run(context), signal, graceMs)) ?? {};
    if (await succeedStep(dispatch.pool, step.id, step.fence, counts)) {
      return { ...step, state: 'succeeded', counts };
    }
    // When `complete` has already marked the step, its counts are kept.
    const ended = await readSucceeded(state, step);
    if (ended === undefined) throw superseded(step);
    return ended;
  } finally {
    unwatch();
    state.running.delete(controller);
  }
}

/** The step, if this attempt has marked it as succeeded, possibly in the transaction of its effect. */
async function readSucceeded<Services>(state: WorkerState<Services>, step: Step): Promise<Step | undefined> {
  const now = await readStep(state.dispatch.pool, step.id);
  return now?.state === 'succeeded' && now.fence === step.fence ? now : undefined;
}

async function endAttempt<Services>(
  state: WorkerState<Services>,
  job: Job,
  token: string,
  step: Step,
  error: unknown,
): Promise<never> {
  const release = (
    as: 'queued' | 'failed' | 'held' | 'cancelled',
    reason: StepError = { code: codeOf(error), message: sentenceOf(error) },
  ) => releaseStep(state.dispatch.pool, step.id, step.fence, as, reason);
  if (error instanceof Stopped && error.reason === 'worker_stopping') {
    await release('queued');
    await job.moveToWait(token);
    throw new WaitingError();
  }
  const outlook = outlookOf(state, job, error);
  if (outlook.kind === 'wait') {
    // Shown until the next attempt begins. If the ledger cannot be written now, the step stays as it is.
    await release('queued', { code: 'outage', message: outlook.outage.message });
    throw error;
  }
  if (outlook.kind === 'over') {
    await release('failed', { code: 'outage', message: outlook.message });
    throw error;
  }
  if (error instanceof Stopped) {
    await release('cancelled');
  } else if (error instanceof Fault && state.dispatch.job(step.jobName).holdOn.includes(error.code)) {
    await release('held');
  } else {
    await release(isFinal(error, job) ? 'failed' : 'queued');
  }
  throw forQueue(error);
}
