import type { Pool } from 'pg';
import { recognizeDropJob } from '../../../jobs/stages/load-steps.js';
import { Fault } from '../../fault.js';
import { readRun } from '../../queue/ledger/run-ledger.js';
import type { Step } from '../../queue/ledger/step.js';
import type { DropAnswers } from '../../source/drop/drop.js';

/** What is said about a drop when its run is retried. */
interface Answers extends DropAnswers {
  readonly period?: string;
}

/**
 * What an operator says about the drop of a held run, together with what was said at earlier retries.
 *
 * @throws Fault run_not_unclear when something is said, but the run is not held because its drop is unclear: of any other run,
 *   files may be loaded already
 */
export async function answersForRun(
  pool: Pool,
  runId: string,
  steps: readonly Step[],
  { as, ignore, period }: Answers,
): Promise<Answers> {
  if ((as ?? ignore ?? period) === undefined) return {};
  if (!steps.some(({ jobName, state }) => jobName === recognizeDropJob.name && state !== 'succeeded')) {
    throw new Fault(
      'run_not_unclear',
      `Run ${runId} is not held because its drop is unclear, so --as, --ignore and --period do not apply to it. Omit them, or load the drop with marquee ingest.`,
    );
  }
  const run = await readRun(pool, runId);
  const earlier = run?.payload as DropAnswers;
  const now = new Set([...(ignore ?? []), ...(as ?? []).map(({ file }) => file)]);
  return {
    as: [...(earlier.as ?? []).filter(({ file }) => !now.has(file)), ...(as ?? [])],
    ignore: [...(earlier.ignore ?? []).filter((file) => !now.has(file)), ...(ignore ?? [])],
    period,
  };
}
