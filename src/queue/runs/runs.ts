import { setTimeout as sleep } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import type { z } from 'zod';
import { ledger } from '../../database/prisma-client.js';
import { inTransaction } from '../../database/transaction.js';
import { Failure, Fault } from '../../fault.js';
import { createDispatch, type DispatchOptions } from '../backend/dispatch.js';
import type { FlowDefinition } from '../backend/flow.js';
import { parsePayload } from '../ledger/job.js';
import type { JsonValue } from '../ledger/json.js';
import {
  createRun,
  endRun,
  type Run,
  type RunState,
  readRun,
  reopenRun,
  requestCancel,
} from '../ledger/run-ledger.js';
import { cancelQueuedSteps, forgetStages, readSteps, reopenSteps, type Step } from '../ledger/step-ledger.js';
import { reconcileRuns } from './reconcile.js';

export interface StartRun {
  requestedBy: string;
  /** The same key with the same request answers with the earlier run. */
  idempotencyKey?: string;
  parentRunId?: string;
  /**
   * Judges a request that is new, in the transaction that makes its run: what it throws is the answer, and no run is left
   * behind. For what would fail for certain; whether it still holds when the run has its turn, the run finds out.
   */
  judge?: (client: PoolClient) => Promise<void>;
}

/** Starts, follows, retries and cancels runs, from any process that may write the ledger. */
export interface Runs {
  start<Schema extends z.ZodType, Services>(
    flow: FlowDefinition<Schema, Services>,
    payload: z.input<Schema>,
    options: StartRun,
  ): Promise<{ run: Run; created: boolean }>;
  /**
   * Opens a failed, held or cancelled run again: steps that succeeded stay, the others run once more.
   * `payloadChanges` go into the run's payload and into that of held steps.
   */
  retry(runId: string, payloadChanges?: { [field: string]: JsonValue }): Promise<Run>;
  /**
   * Asks a run to stop. What waits is taken off the queues at once; what runs hears of it within a second. One that is
   * cancelled already stays so.
   * @throws Fault `run_unknown`, `run_not_cancellable` when it has succeeded or failed
   */
  cancel(runId: string): Promise<Run>;
  /** Waits until the run has ended, telling `onChange` of its steps as they move. */
  follow(runId: string, onChange?: (run: Run, steps: Step[]) => void, signal?: AbortSignal): Promise<Run>;
  /** Enqueues again what the ledger holds open and the queue has lost; how many runs that were. */
  reconcile(): Promise<number>;
}

const followIntervalMs = 100;
const settleMs = 5000;
const ended: readonly RunState[] = ['succeeded', 'failed', 'held', 'cancelled'];

export function openRuns<Services>(options: DispatchOptions<Services>): Runs {
  const dispatch = createDispatch(options);
  const { pool } = dispatch;

  async function mustRead(runId: string): Promise<Run> {
    const run = await readRun(pool, runId);
    if (!run)
      throw new Fault('run_unknown', `There is no run ${runId}; list the runs to see which there are.`);
    return run;
  }

  /** A run ends in the ledger a moment before its job ends on the queue. */
  async function settled(run: Run): Promise<void> {
    for (let waited = 0; ; waited += followIntervalMs) {
      const parent = await dispatch.queue(run.queue).getJob(run.id);
      const state = await parent?.getState();
      if (state === undefined || ['failed', 'completed', 'unknown'].includes(state)) return;
      if (waited >= settleMs) {
        throw new Failure('run_busy', `Run ${run.id} is still ${state} on its queue; try again in a moment.`);
      }
      await sleep(followIntervalMs);
    }
  }

  return {
    async start(flow, payload, request) {
      parsePayload(flow, payload);
      const { requestedBy, idempotencyKey, parentRunId, judge } = request;
      const answer = await inTransaction(pool, async (client) => {
        const made = await createRun(client, {
          kind: flow.name,
          queue: flow.queue,
          payload: payload as JsonValue,
          requestedBy,
          idempotencyKey,
          parentRunId,
        });
        if (made.created) await judge?.(client);
        return made;
      });
      // A failure here leaves a queued run without a job: the caller's next try or `reconcile` enqueues it.
      if (answer.run.state === 'queued') await dispatch.enqueueRun(answer.run);
      return answer;
    },

    async retry(runId, payloadChanges) {
      const run = await mustRead(runId);
      if (!['failed', 'held', 'cancelled'].includes(run.state)) throw notRetryable(run);
      await settled(run);
      const { stages } = dispatch.flow(run.kind);
      await inTransaction(pool, async (client) => {
        if (!(await reopenRun(client, runId, payloadChanges))) throw notRetryable(run);
        await reopenSteps(client, runId, payloadChanges);
        const anew = stages.flatMap((stage, index) => (stage.anew && index <= run.stage ? [index] : []));
        if (anew.length > 0) await forgetStages(client, runId, anew);
      });
      await dispatch.reviveRun(run);
      return mustRead(runId);
    },

    async cancel(runId) {
      const run = await mustRead(runId);
      const state = await requestCancel(pool, runId);
      if (state === 'succeeded' || state === 'failed') {
        throw new Fault(
          'run_not_cancellable',
          `Run ${runId} is ${state} already; only one that is queued, running or held can be cancelled.`,
        );
      }
      if (state === 'queued' || state === 'running') {
        const steps = await cancelQueuedSteps(pool, runId, {
          code: 'run_cancelled',
          message: 'The run was cancelled.',
        });
        // A job that a worker has just taken cannot be removed; the ledger then tells that worker.
        await Promise.all(
          steps.map((step) =>
            dispatch
              .queue(step.queue)
              .remove(step.jobId)
              .catch(() => 0),
          ),
        );
        const parent = await dispatch.queue(run.queue).getJob(runId);
        const parentState = await parent?.getState();
        if (parentState === 'waiting' || parentState === 'delayed' || parentState === undefined) {
          if (await endCancelled(runId)) await parent?.remove({ removeChildren: false }).catch(() => {});
          // Once the step that runs has ended, the flow ends the run.
          else await dispatch.enqueueRun(run);
        }
      } else if (state === 'held') {
        const rows = await ledger(pool);
        await rows.run.updateMany({ where: { id: runId, state: 'held' }, data: { state: 'cancelled' } });
      }
      return mustRead(runId);
    },

    async follow(runId, onChange, signal) {
      let shown = '';
      for (;;) {
        const run = await mustRead(runId);
        if (onChange) {
          const steps = await readSteps(pool, runId);
          const picture = JSON.stringify([
            run.state,
            steps.map((step) => [step.state, step.attempt, step.counts]),
          ]);
          if (picture !== shown) onChange(run, steps);
          shown = picture;
        }
        if (ended.includes(run.state) || signal?.aborted) return run;
        await sleep(followIntervalMs);
      }
    },

    reconcile: () => reconcileRuns(dispatch),
  };

  /** Ends a cancelled run of which nothing runs; false when something does. */
  async function endCancelled(runId: string): Promise<boolean> {
    if ((await readSteps(pool, runId)).some((step) => step.state === 'running')) return false;
    await endRun(pool, runId, {
      state: 'cancelled',
      errorCode: 'run_cancelled',
      error: 'The run was cancelled.',
    });
    return true;
  }
}

function notRetryable(run: Run): Fault {
  return new Fault(
    'run_not_retryable',
    `Run ${run.id} is ${run.state}; only a run that failed, was held or was cancelled can be retried.`,
  );
}
