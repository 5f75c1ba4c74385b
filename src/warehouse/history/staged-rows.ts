import type { PoolClient } from 'pg';
import { identifier } from '../../database/identifier.js';
import { attempt, badValue, brokenConstraint } from '../../database/savepoint.js';
import { type FailureCounts, usable, writeCastFailures } from '../extract/cast-failures.js';
import {
  bareExtraction,
  type ExtractionSource,
  guardedExtraction,
  isEntryOf,
  oneRowPerKey,
} from '../extract/extraction.js';
import type { SourceFile } from '../extract/source-file.js';
import type { TablePlan } from '../mapping/table-plan.js';

/** The rows that a file has for a table, for this transaction: the plan's fields and `_record`, one row per key. */
export const stagedRows = identifier('pg_temp', 'staged_row');

/** What was found when the staged rows were read. */
export interface ReadCounts extends FailureCounts {
  /** Rows read: one per record, or one per entry of a nested column. */
  readonly entries: number;
}

/** Errors by which bare casts refuse a value, a missing key or a duplicate key. */
const refusedByBareCasts = [badValue, brokenConstraint];

/** Runs work that uses bare casts; null, with everything undone, when a value, a missing key or a duplicate key stops it. */
export function attemptBareCasts<T>(client: PoolClient, work: () => Promise<T | null>): Promise<T | null> {
  return attempt(client, refusedByBareCasts, work);
}

/** Stages the rows by guarded casts, and records what could not be used. */
export async function stageByGuardedCasts(
  client: PoolClient,
  plan: TablePlan,
  file: SourceFile,
  source: ExtractionSource,
): Promise<ReadCounts> {
  const extracted = identifier('pg_temp', 'extracted');
  await client.query(
    `/* warehouse.extract */ create temporary table extracted on commit drop as ${guardedExtraction(plan, source)}`,
  );
  const entries = await countRows(client, extracted);
  const failures = await writeCastFailures(client, plan, file, extracted);
  const rows = `select * from ${extracted} where ${usable(plan)}`;
  await client.query(
    `/* warehouse.stage */ create temporary table staged_row on commit drop as ${oneRowPerKey(plan, rows)}`,
  );
  await client.query(`/* warehouse.drop_extracted */ drop table ${extracted}`);
  return { ...failures, entries };
}

/**
 * Stages the rows by bare casts, which are several times faster. Null, with everything undone, when a value does not fit or a
 * key is missing; `stageByGuardedCasts` then finds out which.
 */
export async function stageByBareCasts(
  client: PoolClient,
  plan: TablePlan,
  file: SourceFile,
  source: ExtractionSource,
): Promise<ReadCounts | null> {
  const rows = bareExtraction(plan, source);
  if (rows === null) return null;
  return attemptBareCasts(client, async () => {
    await client.query(
      `/* warehouse.stage_bare */ create temporary table staged_row on commit drop as ${oneRowPerKey(plan, rows)}`,
    );
    const required = plan.fields.filter((field) => field.required).map(({ field }) => identifier(field));
    const { rowCount } = await client.query(
      `/* warehouse.find_missing */
       select from ${stagedRows} where ${required.map((field) => `${field} is null`).join(' or ')} limit 1`,
    );
    if (rowCount !== 0) return null;
    return { entries: await countEntries(client, plan, file, source), rejected: 0, issues: 0 };
  });
}

/** The number of rows that an extraction without failures reads. */
export async function countEntries(
  client: PoolClient,
  plan: TablePlan,
  file: SourceFile,
  source: ExtractionSource,
): Promise<number> {
  return source.entries === null
    ? file.loadedCount
    : await countRows(client, `${source.entries} e where ${isEntryOf(plan, source)}`);
}

async function countRows(client: PoolClient, relation: string): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    `/* warehouse.count_rows */ select count(*)::integer as count from ${relation}`,
  );
  return rows[0]!.count;
}
