import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { Run, RunState } from '../ledger/run-ledger.js';
import type { Step } from '../ledger/step.js';
import { readSteps } from '../ledger/step-ledger.js';
import { existingRun } from './existing-run.js';

const followIntervalMs = 100;
const ended: readonly RunState[] = ['succeeded', 'failed', 'held', 'cancelled'];

/** Waits until the run has ended, or the signal aborts; `onChange` receives its steps whenever they have changed. */
export async function followRun(
  pool: Pool,
  runId: string,
  onChange?: (run: Run, steps: Step[]) => void,
  signal?: AbortSignal,
): Promise<Run> {
  let shown = '';
  for (;;) {
    const run = await existingRun(pool, runId);
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
}
