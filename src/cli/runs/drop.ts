import { basename, resolve } from 'node:path';
import type { Pool } from 'pg';
import { dropFlow, loadsOf } from '../../../jobs/drop-flow.js';
import type { Pipeline } from '../../../jobs/worker.js';
import { movies } from '../../dataset/movies.js';
import { Fault } from '../../fault.js';
import { resultsOf } from '../../queue/backend/flow.js';
import type { Run } from '../../queue/ledger/run-ledger.js';
import { readSteps, type Step } from '../../queue/ledger/step-ledger.js';
import { warningsOf } from '../../reporting/checks/offenders.js';
import { type Drop, periodIn, readDrop } from '../../source/drop/drop.js';
import { type FileStatus, listFiles } from '../../source/ledger/status.js';
import { offenderText } from '../output/offender-text.js';
import type { Environment } from '../runtime/environment.js';
import { followRun } from './follow.js';

/** What became of the files of one feed, in records; of files loaded earlier, what it was then. */
interface FeedResult {
  read: number;
  loaded: number;
  rejected: number;
  /** Of those loaded, which cleaning rejected for want of a usable key; left out where there are none. */
  unkeyed?: number;
  /** All of them were loaded earlier. */
  known?: true;
  /** Too much was rejected: not seen by anybody until it is accepted. */
  held?: true;
}

/** What a drop came to. Seconds are of the whole way, files to publication. */
export interface DropResult {
  publication: number | null;
  /** Whether this drop changed what readers see. */
  published: boolean;
  period: string;
  seconds: number;
  run: string;
  state: Run['state'];
  /** Why the run did not succeed, and the stable code of that; docs/codes.md lists them. */
  error?: string;
  errorCode?: string;
  /** What stopped each step that did not succeed: one entry per file that was refused, for example. */
  errors: StepError[];
  feeds: Record<string, FeedResult>;
  /** Live rows per warehouse table. */
  warehouse: Record<string, number>;
  /** Rows per report, as published. */
  reports: Record<string, number>;
  issues: number;
  warnings: string[];
}

/** What stopped a step. */
export interface StepError {
  step: string;
  code: string | null;
  error: string;
}

/** What may be set for a drop. */
export interface DropOptions {
  period?: string | undefined;
  acceptedBy?: string | undefined;
  requestedBy: string;
}

/**
 * Brings one drop to its publication and waits for it.
 *
 * @throws Fault `period_missing` when neither the option nor the folder's name tells the month
 */
export async function ingestDrop(
  environment: Environment,
  pipeline: Pipeline,
  folder: string,
  options: DropOptions,
): Promise<DropResult> {
  const path = resolve(folder);
  const drop = await readDrop(path, movies.feeds);
  const period = options.period ?? drop.period;
  if (period === undefined) {
    throw new Fault(
      'period_missing',
      `The name of ${folder} tells no month; say which one it was delivered for with --period YYYY-MM.`,
    );
  }
  const begun = Date.now();
  const { run } = await pipeline.runs.start(
    dropFlow,
    { folder: path, period, acceptedBy: options.acceptedBy },
    { requestedBy: options.requestedBy },
  );
  const ended = await followRun(pipeline.runs, run.id);
  const warnings = [...drop.warnings, ...contradictions(drop, period)];
  return dropResult(environment, ended, (Date.now() - begun) / 1000, warnings);
}

/** One sentence for each name that tells another month than the one its records were filed under. */
function contradictions({ folder, period: told, deliveries }: Drop, period: string): string[] {
  const names = deliveries.map(({ path }) => basename(path));
  const files = [...new Set(names)].map((name) => ({ name, month: periodIn(name) }));
  return [{ name: basename(folder), month: told }, ...files]
    .filter(({ month }) => month !== undefined && month !== period)
    .map(({ name, month }) => `${name} is named for ${month} and was taken as of ${period}.`);
}

/** What a run of a drop came to that has ended. */
export async function dropResult(
  environment: Environment,
  run: Run,
  seconds: number,
  warnings: readonly string[] = [],
): Promise<DropResult> {
  const pool = environment.pool('pipeline');
  const steps = await readSteps(pool, run.id);
  const results = resultsOf(dropFlow.stages, steps);
  const loads = loadsOf(results);
  return {
    publication: run.publication,
    published: run.counts.published === true,
    period: (run.payload as { period: string }).period,
    seconds: Math.round(seconds * 1000) / 1000,
    run: run.id,
    state: run.state,
    ...(run.error === null ? {} : { error: run.error }),
    ...(run.errorCode === null ? {} : { errorCode: run.errorCode }),
    errors: stepErrors(steps),
    feeds: await feedResults(pool, steps),
    warehouse: run.state === 'succeeded' ? await liveRows(environment) : {},
    reports: run.publication === null ? {} : await reportRows(environment, run.publication),
    issues: [...(results.get('clean')?.values() ?? [])].reduce(
      (sum, step) => sum + Number(step.issues ?? 0),
      0,
    ),
    warnings: [
      ...warnings,
      ...loads.flatMap((load) => load.warnings),
      ...rollbackWarning(run),
      ...(await checkWarnings(pool, run)),
    ],
  };
}

/** Why what is published is not what the files say, where a rollback is in force and none of them is new. */
function rollbackWarning({ publication, counts: { restores } }: Run): string[] {
  if (typeof restores !== 'number') return [];
  return [
    `Publication ${publication} shows the state of publication ${restores} again, and no file is new since, so it stays; marquee rebuild publishes the warehouse as it is.`,
  ];
}

/** What checks found that only warn, where the run published anything. */
async function checkWarnings(pool: Pool, { publication, counts }: Run): Promise<string[]> {
  if (publication === null || counts.published !== true) return [];
  return (await warningsOf(pool, publication)).map((found) => `The check ${offenderText(found)}`);
}

/** What stopped each of the steps that began and did not succeed. */
export function stepErrors(steps: readonly Step[]): StepError[] {
  return steps
    .filter(({ error, errorCode }) => error !== null && errorCode !== 'not_started')
    .map(({ name, errorCode, error }) => ({ step: name, code: errorCode, error: error! }));
}

/** Counted by the ledger of files, which also knows what was loaded earlier and what is held. */
async function feedResults(pool: Pool, steps: readonly Step[]): Promise<Record<string, FeedResult>> {
  const received = steps.filter((step) => step.jobName === 'receive-file' && step.state === 'succeeded');
  const known = new Set(
    received.filter(({ counts }) => counts.outcome === 'known').map(({ counts }) => Number(counts.fileId)),
  );
  const files = await listFiles(pool, { ids: received.map(({ counts }) => Number(counts.fileId)) });
  const feeds: Record<string, FeedResult> = {};
  for (const feed of [...new Set(files.map((file) => file.feed))].sort()) {
    const ended = files.filter((file) => file.feed === feed && ['held', 'loaded'].includes(file.state));
    if (ended.length === 0) continue;
    const sum = (pick: (file: FileStatus) => number) => ended.reduce((total, file) => total + pick(file), 0);
    feeds[feed] = {
      read: sum((file) => file.recordCount),
      loaded: sum((file) => file.loadedCount),
      rejected: sum((file) => file.rejectCount),
      ...(ended.some((file) => file.unkeyedCount > 0) ? { unkeyed: sum((file) => file.unkeyedCount) } : {}),
      ...(ended.every((file) => known.has(file.id)) ? { known: true } : {}),
      ...(ended.some((file) => file.state === 'held') ? { held: true } : {}),
    };
  }
  return feeds;
}

async function liveRows(environment: Environment): Promise<Record<string, number>> {
  const tables = [...new Set(movies.mapping.map((row) => row.end_table))];
  const pool = environment.pool('pipeline');
  const counted = await Promise.all(
    tables.map(async (table) => {
      const { rows } = await pool.query<{ live: string }>(
        `/* cli.live_rows */ select count(*) as live from warehouse."${table}" where not deleted`,
      );
      return [table, Number(rows[0]!.live)] as const;
    }),
  );
  return Object.fromEntries(counted);
}

async function reportRows(environment: Environment, publication: number): Promise<Record<string, number>> {
  const { rows } = await environment
    .pool('pipeline')
    .query<{ row_counts: Record<string, number> }>(
      '/* cli.report_rows */ select row_counts from reporting.publication where number = $1',
      [publication],
    );
  return rows[0]?.row_counts ?? {};
}
