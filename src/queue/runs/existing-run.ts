import type { Pool } from 'pg';
import { Fault } from '../../fault.js';
import { type Run, readRun } from '../ledger/run-ledger.js';

/** The run with this id. @throws Fault `run_unknown` */
export async function existingRun(pool: Pool, runId: string): Promise<Run> {
  const run = await readRun(pool, runId);
  if (run === undefined) {
    throw new Fault('run_unknown', `Run ${runId} does not exist; list the runs with marquee runs.`);
  }
  return run;
}
