import type { Pool } from 'pg';
import { listLateFeeds } from '../../../jobs/late-feeds.js';
import { findUncleanedReplays } from '../../../jobs/replay-rejects.js';
import { movies } from '../../dataset/movies.js';
import { listRuns, type RunSummary } from '../../queue/ledger/list-runs.js';
import { readSteps } from '../../queue/ledger/step-ledger.js';
import { type FoundOffenders, offendersOf, warningsOf } from '../../reporting/checks/offenders.js';
import { type FileStatus, listFiles } from '../../source/ledger/status.js';
import { countIssues } from '../../warehouse/clean/issue-list.js';
import { findUncleanedFiles } from '../../warehouse/clean/uncleaned-files.js';
import { offenderText } from '../output/offender-text.js';
import { count, print, table } from '../output/terminal.js';
import { stepErrors } from '../runs/drop.js';
import { withEnvironment } from '../runtime/command.js';
import { tellIfIdle } from '../runtime/worker-hint.js';

/** As many runs are looked through for those that ended without success and were not made up for. */
const lookedThrough = 50;

/** `marquee status`: what is published, loaded, held, refused, late and running. */
export async function status(options: { json?: boolean }): Promise<void> {
  await withEnvironment(async (environment, log) => {
    const pool = environment.pool('pipeline');
    const publication = await latest(pool);
    const files = await listFiles(pool);
    const recent = await listRuns(pool, { limit: lookedThrough });
    const offenders = new Map<string, FoundOffenders[]>();
    for (const run of unsuccessful(recent).filter(({ errorCode }) => errorCode === 'checks_failed')) {
      offenders.set(run.id, await offendersOf(pool, run.id));
    }
    const late = await listLateFeeds(pool, movies.feeds, { days: environment.configuration.lateAfterDays });
    const issues = await countIssues(pool);
    const warned = publication === null ? [] : await warningsOf(pool, publication.number);
    const uncleaned = await findUncleanedFiles(pool);
    const replayed = await findUncleanedReplays(pool);
    if (options.json) {
      const runs = recent
        .slice(0, 5)
        .concat(unsuccessful(recent.slice(5)))
        .map((run) => ({ ...run, ...(offenders.has(run.id) ? { offenders: offenders.get(run.id) } : {}) }));
      print(JSON.stringify({ publication, warned, files, runs, issues, late, uncleaned, replayed }));
      return;
    }
    print(
      publication === null
        ? 'Nothing is published yet.'
        : `Publication ${publication.number} of ${publication.publishedDate.toISOString()}, as of ${publication.asOfDay}, mapping version ${publication.mappingVersion}, checks ${publication.checkState}.${publication.restores === null ? '' : ` It shows the state of publication ${publication.restores} again, until anything is published from the warehouse.`}`,
    );
    for (const offender of warned) print(`  ${offenderText(offender)}`);
    if (files.length > 0) print(`\n${filesTable(files)}`);
    if (issues.length > 0) {
      const rows = issues.map((each) => [each.table ?? '', each.reason, count(each.issues)]);
      print(`\n${table(['table', 'issue', 'times'], rows)}`);
    }
    const warnings = [...uncleaned, ...replayed, ...late].map(({ detail }) => detail);
    if (warnings.length > 0) print(`\n${warnings.map((warning) => `warning: ${warning}`).join('\n')}`);
    for (const run of unsuccessful(recent)) {
      const others = stepErrors(await readSteps(pool, run.id)).filter(({ error }) => error !== run.error);
      tellRun(run, [...others.map(({ error }) => error), ...(offenders.get(run.id) ?? []).map(offenderText)]);
    }
    await tellIfIdle(environment, log, recent);
  });
}

interface Latest {
  number: number;
  publishedDate: Date;
  asOfDay: string;
  mappingVersion: number;
  /** The publication whose state it shows again, for a rollback. */
  restores: number | null;
  checkState: string;
}

async function latest(pool: Pool): Promise<Latest | null> {
  const { rows } = await pool.query<Latest>(
    `/* cli.latest_publication */
     select number, published_date as "publishedDate", as_of_day::text as "asOfDay", period,
       mapping_version as "mappingVersion", restores, check_state as "checkState", row_counts as "rowCounts"
     from reporting.publication order by number desc limit 1`,
  );
  return rows[0] ?? null;
}

/** Those that wait or work, those held, and those that failed and that nothing since has made up for. */
function unsuccessful(newestFirst: readonly RunSummary[]): RunSummary[] {
  return newestFirst.filter(
    (run, place) =>
      run.state !== 'succeeded' &&
      run.state !== 'cancelled' &&
      (run.state !== 'failed' || !newestFirst.slice(0, place).some((later) => makesUpFor(later, run))),
  );
}

/**
 * A drop whose files could not be taken is made up for by one of its month alone: what other months bring hides that
 * this one lacks something. Whatever else failed, a publication since then holds.
 */
function makesUpFor(later: RunSummary, failed: RunSummary): boolean {
  if (later.state !== 'succeeded') return false;
  return failed.kind === 'drop' && failed.errorCode !== 'checks_failed'
    ? later.kind === 'drop' && periodOf(later) === periodOf(failed)
    : later.publication !== null;
}

function periodOf({ payload }: RunSummary): string | undefined {
  return (payload as { period?: string }).period;
}

function filesTable(files: readonly FileStatus[]): string {
  return table(
    ['file', 'period', 'feed', 'name', 'state', 'records', 'rejected', 'in cleaning'],
    files.map((file) => [
      String(file.id),
      file.period,
      file.feed,
      file.name,
      file.state,
      count(file.recordCount),
      count(file.rejectCount),
      count(file.unkeyedCount),
    ]),
  );
}

/** A run says what ended it; what else was found, as of other files of its drop, is told below it. */
function tellRun(run: RunSummary, more: readonly string[]): void {
  const period = periodOf(run);
  const what = period === undefined ? run.kind : `${run.kind} of ${period}`;
  print(`\nRun ${run.id} (${what}) is ${run.state}${run.error === null ? '' : `: ${run.error}`}`);
  for (const sentence of more) print(`  ${sentence}`);
}
