import { relative, resolve, sep } from 'node:path';
import type { Pool } from 'pg';
import { dropFlow, loadsOf } from '../../../jobs/drop-flow.js';
import type { Pipeline } from '../../../jobs/worker.js';
import { movies } from '../../dataset/movies.js';
import { Fault } from '../../fault.js';
import { resultsOf } from '../../queue/backend/flow.js';
import type { Run } from '../../queue/ledger/run-ledger.js';
import type { Step } from '../../queue/ledger/step.js';
import { readSteps } from '../../queue/ledger/step-ledger.js';
import { warningsOf } from '../../reporting/checks/offenders.js';
import { publishedRowCounts } from '../../reporting/publications/served-publication.js';
import { contradictions, quoted, requireClear, whyNoMonth } from '../../source/drop/clear-drop.js';
import { type Drop, type DropAnswers, readDrop } from '../../source/drop/drop.js';
import { readHomeOrigin, refuseForeign } from '../../source/ledger/home-origin.js';
import { type FileStatus, listFiles } from '../../source/ledger/status.js';
import { countIssues, type IssueCount } from '../../warehouse/clean/issue-list.js';
import { countLiveRows } from '../../warehouse/tables/live-rows.js';
import { offenderText } from '../output/offender-text.js';
import type { Environment } from '../runtime/environment.js';
import { auditedRequest } from './audited-request.js';
import { followRun } from './follow.js';

/** Record counts of one feed's files. For files loaded earlier, the counts of that load. */
interface FeedResult {
  read: number;
  loaded: number;
  rejected: number;
  /** Loaded records that cleaning rejected because they have no usable key; absent when zero. */
  unkeyed?: number;
  /** All files were loaded earlier. */
  known?: true;
  /** Too many records were rejected: the load waits until it is accepted. */
  held?: true;
}

/** The result of a drop. `seconds` is the time from files to publication. */
export interface DropResult {
  publication: number | null;
  /** Whether this drop changed what readers see. */
  published: boolean;
  period: string;
  seconds: number;
  run: string;
  state: Run['state'];
  /** Why the run did not succeed, with its stable code; docs/codes.md lists the codes. */
  error?: string;
  errorCode?: string;
  /** Why each step did not succeed: for example, one entry per refused file. */
  errors: StepError[];
  feeds: Record<string, FeedResult>;
  /** Live rows per warehouse table. */
  warehouse: Record<string, number>;
  /** Rows per report, as published. */
  reports: Readonly<Record<string, number>>;
  /** Number of values, entries and nested columns of records that could not be used. */
  issues: number;
  issuesByColumn: IssueCount[];
  warnings: string[];
}

/** Why a step did not succeed. */
export interface StepError {
  step: string;
  code: string | null;
  error: string;
}

const mappedTables = [...new Set(movies.mapping.map((row) => row.end_table))];

/** Options of a drop. */
export interface DropOptions extends DropAnswers {
  period?: string | undefined;
  acceptedBy?: string | undefined;
}

/**
 * Reads a drop and finds its month, before anything is started.
 *
 * @throws Fault `period_missing` when neither the option nor a name gives the month, `drop_unclear` when names give several or a
 *   file may belong to a feed
 */
export async function prepareDrop(folder: string, options: DropOptions) {
  const path = resolve(folder);
  const answers = {
    as: options.as?.map(({ feed, file }) => ({ feed, file: nameInDrop(path, file) })),
    ignore: options.ignore?.map((file) => nameInDrop(path, file)),
  };
  const drop = await readDrop(path, movies.feeds, answers);
  const period = options.period ?? drop.period;
  const periodIsGiven = options.period !== undefined;
  const command = `marquee ingest ${quoted(folder)}`;
  requireClear(drop, { period, isGiven: periodIsGiven }, { files: command, month: command });
  if (period === undefined) {
    throw new Fault('period_missing', `${whyNoMonth(drop)} Give it with --period YYYY-MM.`);
  }
  return {
    drop,
    payload: { folder: path, period, periodIsGiven, ...answers, acceptedBy: options.acceptedBy },
  };
}

/**
 * Loads one drop and waits until it is published.
 *
 * @throws Fault of `prepareDrop`, `refuseForeign`
 */
export async function ingestDrop(
  environment: Environment,
  pipeline: Pipeline,
  folder: string,
  options: DropOptions,
): Promise<DropResult> {
  const pool = environment.pool('pipeline');
  const { period, as, ignore, acceptedBy } = options;
  const request = {
    action: 'ingestDrop',
    arguments: { folder: resolve(folder), period, as, ignore, acceptRejects: acceptedBy !== undefined },
  };
  const { warnings, runId, startedAt } = await auditedRequest(pool, request, async (start) => {
    const { drop, payload } = await prepareDrop(folder, options);
    await refuseForeign(pool, drop.origin, folder);
    const warnings = [
      ...drop.warnings,
      ...contradictions(drop, payload.period),
      ...(await mixture(pool, drop)),
    ];
    const startedAt = Date.now();
    const { run } = await pipeline.runs.start(dropFlow, payload, start);
    return { warnings, runId: run.id, startedAt };
  });
  const ended = await followRun(pipeline.runs, runId);
  return dropResult(environment, ended, (Date.now() - startedAt) / 1000, warnings);
}

/** The sample can be loaded next to other files, but then its ids mean other things than theirs. */
async function mixture(pool: Pool, { origin, folder }: Drop): Promise<string[]> {
  if (origin !== 'sample' || (await readHomeOrigin(pool)) !== 'own') return [];
  return [
    `${folder} was written by marquee sample, and its ids mean other things than those of your own files, which are loaded here.`,
  ];
}

/** A file as the drop lists it, also when it was given as a path: a shell completes paths. */
function nameInDrop(folder: string, file: string): string {
  const path = resolve(file);
  return path.startsWith(folder + sep) ? relative(folder, path) : file;
}

/** The result of a drop's run that has ended. */
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
  const issues = [...(results.get('clean')?.values() ?? [])].reduce(
    (sum, step) => sum + Number(step.issues ?? 0),
    0,
  );
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
    warehouse: run.state === 'succeeded' ? await countLiveRows(pool, mappedTables) : {},
    reports: run.publication === null ? {} : await publishedRowCounts(pool, run.publication),
    issues,
    // A file that was cleaned earlier still has its issues, but this drop has not caused them.
    issuesByColumn:
      issues === 0
        ? []
        : await countIssues(
            pool,
            loads.map(({ fileId }) => fileId),
          ),
    warnings: [
      ...warnings,
      ...loads.flatMap((load) => load.warnings),
      ...rollbackWarning(run),
      ...(await checkWarnings(pool, run)),
    ],
  };
}

/** Explains why a drop without new files did not change the reports while a rollback is in force. */
function rollbackWarning({ publication, counts: { restores } }: Run): string[] {
  if (typeof restores !== 'number') return [];
  return [
    `Publication ${publication} shows the state of publication ${restores} again and stays, because no file is new. To publish the warehouse as it is, run marquee rebuild.`,
  ];
}

/** The warnings of the checks, if the run published something. */
async function checkWarnings(pool: Pool, { publication, counts }: Run): Promise<string[]> {
  if (publication === null || counts.published !== true) return [];
  return (await warningsOf(pool, publication)).map((found) => `The check ${offenderText(found)}`);
}

/** Why each started step did not succeed. */
export function stepErrors(steps: readonly Step[]): StepError[] {
  return steps
    .filter(({ error, errorCode }) => error !== null && errorCode !== 'not_started')
    .map(({ name, errorCode, error }) => ({ step: name, code: errorCode, error: error! }));
}

/** Counts from the ledger of files, which also knows what was loaded earlier and what is held. */
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
