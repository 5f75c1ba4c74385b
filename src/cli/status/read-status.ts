import type { Pool } from 'pg';
import { listLateFeeds } from '../../../jobs/late-feeds.js';
import { findUncleanedReplays } from '../../../jobs/replay-rejects.js';
import { movies } from '../../dataset/movies.js';
import { listRuns, type RunSummary } from '../../queue/ledger/list-runs.js';
import { readSteps } from '../../queue/ledger/step-ledger.js';
import { type FoundOffenders, offendersOf, warningsOf } from '../../reporting/checks/offenders.js';
import { servedPublication } from '../../reporting/publications/served-publication.js';
import { listFiles } from '../../source/ledger/status.js';
import { readDiskUse } from '../../source/storage/disk-use.js';
import { countIssues } from '../../warehouse/clean/issue-list.js';
import { findUncleanedFiles } from '../../warehouse/clean/uncleaned-files.js';
import { stepErrors } from '../runs/drop.js';
import { type Environment, storageFolder } from '../runtime/environment.js';
import { readInbox } from './read-inbox.js';
import { readSchedules } from './read-schedules.js';

/** Maximum number of recent runs searched for unsuccessful ones. */
const searchedRuns = 50;

/** A run that needs attention, and what was found besides its own error. */
export interface OpenRun {
  readonly run: RunSummary;
  /** The errors of its steps, without the run's own. */
  readonly errors: readonly string[];
  /** What its blocking checks found. */
  readonly offenders: readonly FoundOffenders[];
}

export type Status = Awaited<ReturnType<typeof readStatus>>;

/** Reads everything that `marquee status` shows, newest first. */
export async function readStatus(environment: Environment) {
  const pool = environment.pool('pipeline');
  const publication = await servedPublication(pool);
  const recent = await listRuns(pool, { limit: searchedRuns });
  return {
    publication,
    files: await listFiles(pool),
    recent,
    open: await Promise.all(unsuccessful(recent).map((run) => openRun(pool, run))),
    issues: await countIssues(pool),
    warned: publication === null ? [] : await warningsOf(pool, publication.number),
    late: await listLateFeeds(pool, movies.feeds, { days: environment.configuration.lateAfterDays }),
    uncleaned: await findUncleanedFiles(pool),
    replayed: await findUncleanedReplays(pool),
    inbox: await readInbox(environment),
    schedules: await readSchedules(pool),
    disk: await readDiskUse(pool, { folder: storageFolder(environment.configuration.home) }),
  };
}

async function openRun(pool: Pool, run: RunSummary): Promise<OpenRun> {
  const errors = stepErrors(await readSteps(pool, run.id))
    .map(({ error }) => error)
    .filter((error) => error !== run.error);
  const offenders = run.errorCode === 'checks_failed' ? await offendersOf(pool, run.id) : [];
  return { run, errors, offenders };
}

/** Runs that wait, work or are held, and failed or unclear ones that no later run has resolved. */
export function unsuccessful(newestFirst: readonly RunSummary[]): RunSummary[] {
  return newestFirst.filter(
    (run, place) =>
      run.state !== 'succeeded' &&
      run.state !== 'cancelled' &&
      (!isResolvable(run) || !newestFirst.slice(0, place).some((later) => resolves(later, run))),
  );
}

/** Of a held run, files can wait to be accepted; a run that is held because its drop is unclear has loaded nothing. */
function isResolvable({ state, errorCode }: RunSummary): boolean {
  return state === 'failed' || (state === 'held' && errorCode === 'drop_unclear');
}

/**
 * A drop whose files were refused is resolved only by a drop of the same month, because the files of this month are still
 * missing. Any other failure is resolved by a later publication.
 */
function resolves(later: RunSummary, failed: RunSummary): boolean {
  if (later.state !== 'succeeded') return false;
  return failed.kind === 'drop' && failed.errorCode !== 'checks_failed'
    ? later.kind === 'drop' && periodOf(later) === periodOf(failed)
    : later.publication !== null;
}

export function periodOf({ payload }: RunSummary): string | undefined {
  return (payload as { period?: string }).period;
}
