import type { z } from 'zod';
import { createDispatch, type DispatchOptions } from '../backend/dispatch.js';
import type { FlowDefinition } from '../backend/flow.js';
import type { JsonValue } from '../ledger/json.js';
import type { Run } from '../ledger/run-ledger.js';
import type { Step } from '../ledger/step.js';
import { readRecentSteps } from '../ledger/step-ledger.js';
import { cancelRun } from './cancel-run.js';
import { followRun } from './follow-run.js';
import { reconcileRuns } from './reconcile.js';
import { retryRun } from './retry-run.js';
import { type StartRun, startRun } from './start-run.js';

export type { StartRun } from './start-run.js';

/** Starts, follows, retries and cancels runs, from any process that may write the ledger. */
export interface Runs {
  /** @throws what `judge` throws; Fault `idempotency_key_reused` when the key belongs to another request */
  start<Schema extends z.ZodType, Services>(
    flow: FlowDefinition<Schema, Services>,
    payload: z.input<Schema>,
    options: StartRun,
  ): Promise<{ run: Run; created: boolean }>;
  /**
   * Opens a failed, held or cancelled run again: steps that succeeded stay, the others run again.
   * `payloadChanges` go into the run's payload and into that of held steps.
   * @throws Fault `run_unknown`, `run_not_retryable`; Failure `run_busy`
   */
  retry(runId: string, payloadChanges?: { [field: string]: JsonValue }): Promise<Run>;
  /**
   * Asks a run to stop. Waiting steps are removed from the queues at once; running ones are stopped within a second. A run
   * that is already cancelled stays so.
   * @throws Fault `run_unknown`, `run_not_cancellable` when it has succeeded or failed
   */
  cancel(runId: string): Promise<Run>;
  /**
   * Waits until the run has ended, or the signal aborts; `onChange` receives its steps whenever they have changed.
   * @throws Fault `run_unknown`
   */
  follow(runId: string, onChange?: (run: Run, steps: Step[]) => void, signal?: AbortSignal): Promise<Run>;
  /** Steps of any run that succeeded, the newest first: from them follows how long such steps take here. */
  recentSteps(): Promise<Step[]>;
  /** Enqueues again what is open in the ledger and missing from the queue. @returns for how many runs it did something */
  reconcile(): Promise<number>;
}

export function openRuns<Services>(options: DispatchOptions<Services>): Runs {
  const dispatch = createDispatch(options);
  return {
    start: (flow, payload, request) => startRun(dispatch, flow, payload, request),
    retry: (runId, payloadChanges) => retryRun(dispatch, runId, payloadChanges),
    cancel: (runId) => cancelRun(dispatch, runId),
    follow: (runId, onChange, signal) => followRun(dispatch.pool, runId, onChange, signal),
    recentSteps: () => readRecentSteps(dispatch.pool),
    reconcile: () => reconcileRuns(dispatch),
  };
}
