import type { Pool } from 'pg';
import { recognizeDropJob } from '../../../jobs/stages/load-steps.js';
import { movies } from '../../dataset/movies.js';
import { Fault } from '../../fault.js';
import { readRun } from '../../queue/ledger/run-ledger.js';
import type { Step } from '../../queue/ledger/step.js';
import { type DropAnswers, readDrop } from '../../source/drop/drop.js';

/** What is said about a drop when its run is retried. */
interface Answers extends DropAnswers {
  readonly period?: string;
}

/**
 * What an operator says about the drop of a held run, together with what was said at earlier retries.
 *
 * @throws Fault drop_file_unknown, feed_unknown; run_not_unclear when something is said, but the run is not held because its drop is unclear: of any other run,
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
  const earlier = run!.payload as unknown as HeldDrop;
  const fault = await wrongAnswer(earlier, { as, ignore });
  if (fault !== undefined) throw fault;
  const now = new Set([...(ignore ?? []), ...(as ?? []).map(({ file }) => file)]);
  const kept = { as: [...(as ?? [])], ignore: [...(ignore ?? [])] };
  // The drop may have changed since: then an earlier answer is about a file that is gone.
  for (const answer of earlier.as ?? []) {
    if (now.has(answer.file) || (await wrongAnswer(earlier, { as: [answer] }))) continue;
    kept.as.push(answer);
  }
  for (const file of earlier.ignore ?? []) {
    if (now.has(file) || (await wrongAnswer(earlier, { ignore: [file] }))) continue;
    kept.ignore.push(file);
  }
  return { ...kept, period };
}

/** The drop of a held run, with what was said about it. */
interface HeldDrop extends DropAnswers {
  readonly folder: string;
  readonly files?: readonly string[];
}

/** What is wrong with answers about a drop, if they name a file or feed that does not exist. */
async function wrongAnswer({ folder, files }: HeldDrop, answers: DropAnswers): Promise<Fault | undefined> {
  try {
    await readDrop(folder, movies.feeds, { only: files, ...answers });
    return undefined;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    // Any other fault is reported by the run.
    return error.code === 'drop_file_unknown' || error.code === 'feed_unknown' ? error : undefined;
  }
}
