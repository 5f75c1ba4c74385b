import { setTimeout as sleep } from 'node:timers/promises';
import { inTransaction } from '../../database/transaction.js';
import { Failure, Fault } from '../../fault.js';
import type { Dispatch } from '../backend/dispatch.js';
import type { JsonValue } from '../ledger/json.js';
import { type Run, reopenRun } from '../ledger/run-ledger.js';
import { forgetStages, reopenSteps } from '../ledger/step-ledger.js';
import { existingRun } from './existing-run.js';

const settleIntervalMs = 100;
const settleMs = 5000;

/** Opens a failed, held or cancelled run again and puts it back on its queue. */
export async function retryRun<Services>(
  dispatch: Dispatch<Services>,
  runId: string,
  payloadChanges?: { [field: string]: JsonValue },
): Promise<Run> {
  const run = await existingRun(dispatch.pool, runId);
  if (!['failed', 'held', 'cancelled'].includes(run.state)) throw notRetryable(run);
  await untilSettled(dispatch, run);
  await inTransaction(dispatch.pool, async (client) => {
    if (!(await reopenRun(client, runId, payloadChanges))) throw notRetryable(run);
    await reopenSteps(client, runId, payloadChanges);
    const repeated = stagesToRepeat(dispatch, run);
    if (repeated.length > 0) await forgetStages(client, runId, repeated);
  });
  await dispatch.reviveRun(run);
  return existingRun(dispatch.pool, runId);
}

/** Waits for the queue: a run ends in the ledger a moment before its job ends on the queue. */
async function untilSettled<Services>(dispatch: Dispatch<Services>, run: Run): Promise<void> {
  for (let waited = 0; ; waited += settleIntervalMs) {
    const parent = await dispatch.queue(run.queue).getJob(run.id);
    const state = await parent?.getState();
    if (state === undefined || ['failed', 'completed', 'unknown'].includes(state)) return;
    if (waited >= settleMs) {
      throw new Failure('run_busy', `Run ${run.id} is still ${state} on its queue; try again in a moment.`);
    }
    await sleep(settleIntervalMs);
  }
}

/** Stages the run has reached whose result a retry must not take over. */
function stagesToRepeat<Services>(dispatch: Dispatch<Services>, run: Run): number[] {
  const { stages } = dispatch.flow(run.kind);
  return stages.flatMap((stage, index) => (stage.repeatOnRetry && index <= run.stage ? [index] : []));
}

function notRetryable(run: Run): Fault {
  return new Fault(
    'run_not_retryable',
    `Run ${run.id} is ${run.state}; only a run that failed, was held or was cancelled can be retried.`,
  );
}
