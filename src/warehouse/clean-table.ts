import type { Pool, PoolClient } from 'pg';
import { identifier } from '../database/identifier.js';
import { inTransaction } from '../database/transaction.js';
import { Fault } from '../fault.js';
import { findEntries } from './entry-staging.js';
import { bareExtraction, bareFaults, type ExtractionSource, guardedExtraction } from './extraction.js';
import { type FaultCounts, writeFaults } from './faults.js';
import type { Mapping, TablePlan } from './mapping.js';
import { mappingOfVersion } from './mapping-ledger.js';
import { fillEmpty, list, type MergeCounts, mergeInOrder, observed, sameKey, target } from './merge.js';
import { mergeHistory, type Observation } from './merge-history.js';
import { hashPersonalData, type PersonalDataKey } from './personal-data.js';
import { readSourceFiles, readTransformedFiles, type SourceFile } from './source-file.js';
import { writeUnknownCodes } from './unknown-codes.js';

/** What one table took from one or more files. Entries = inserted + unchanged + rejected. */
export interface CleanCounts {
  /** Records that were looked at. */
  records: number;
  /** Rows that the records gave: one each, or one per entry of a nested column. */
  entries: number;
  /** Versions opened. */
  inserted: number;
  /** Versions closed. */
  closed: number;
  /** Entries that changed nothing: repeated within the file, or as known. */
  unchanged: number;
  /** Entries that could not be keyed. */
  rejected: number;
  /** Values that could not be used. */
  issues: number;
}

export interface CleanRequest {
  readonly table: string;
  /** Loaded files of the table's feed; those that went into the table before are passed over. */
  readonly fileIds: readonly number[];
  readonly mapping: Mapping;
  readonly personalDataKey: PersonalDataKey;
  readonly runId?: string | null;
  /** Called last in the transaction: a place to hold a fence, or to mark a step as done with the same commit. */
  readonly beforeCommit?: (client: PoolClient, counts: CleanCounts) => Promise<void>;
}

/**
 * Cleans files into one warehouse table, in one transaction: rows, rejects, issues and the ledger
 * `support.file_transform` together, so that however often it is tried it takes effect once. Waits while another
 * transaction cleans into the same table.
 *
 * Takes one connection of the pool, and a second one when entries are not staged (see `expandFile`).
 * @throws Fault `table-not-mapped`, `file-not-loaded`, `file-of-other-feed`, `mapping-not-installed`
 */
export async function cleanTable(pool: Pool, request: CleanRequest): Promise<CleanCounts> {
  const plan = request.mapping.tables.get(request.table);
  if (!plan) {
    throw new Fault('table-not-mapped', `The mapping fills no table ${request.table}; name one it fills.`);
  }
  if (request.mapping.version === null) {
    throw new Fault(
      'mapping-not-installed',
      'The mapping has no version yet; install it before cleaning with it.',
    );
  }
  return inTransaction(pool, async (client) => {
    await client.query(
      "/* warehouse.lock_table */ select pg_advisory_xact_lock(hashtextextended('marquee.table.' || $1, 0))",
      [plan.table],
    );
    // A month touches few rows of a large table, most of them in memory: without this the planner reads the table whole
    // (26,000 ratings into 2.6 million: 4.8 s instead of 0.4 s).
    await client.query('set local random_page_cost = 1.1');
    const total: CleanCounts = {
      records: 0,
      entries: 0,
      inserted: 0,
      closed: 0,
      unchanged: 0,
      rejected: 0,
      issues: 0,
    };
    for (const file of await readSourceFiles(client, request.fileIds)) {
      if (file.sourceTable !== plan.sourceTable) {
        throw new Fault(
          'file-of-other-feed',
          `File ${file.id} is in ${file.sourceTable}, but ${plan.table} is filled from ${plan.sourceTable}.`,
        );
      }
      const counts = await cleanFile(pool, client, plan, file, request);
      for (const name of Object.keys(total) as (keyof CleanCounts)[]) total[name] += counts?.[name] ?? 0;
    }
    await request.beforeCommit?.(client, total);
    return total;
  });
}

async function cleanFile(
  pool: Pool,
  client: PoolClient,
  plan: TablePlan,
  file: SourceFile,
  request: CleanRequest,
): Promise<CleanCounts | null> {
  const before = await readTransformedFiles(client, plan.table);
  if (before.some((other) => other.id === file.id)) return null;
  const source = await openSource(pool, client, plan, file, request.personalDataKey, true);
  const bulk =
    before.length === 0 && plan.tableType !== 'reference' && (await isEmpty(client, plan))
      ? await fillByBareCasts(client, plan, file, source)
      : null;
  const counts = bulk ?? (await mergeGuarded(pool, client, plan, file, source, before, request));
  const result = { ...counts, records: file.loadedCount };
  await client.query(
    `/* warehouse.insert_file_transform */
     insert into support.file_transform
       (file_id, table_name, mapping_version, run_id, record_count, inserted_count, closed_count, unchanged_count,
        reject_count, issue_count)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      file.id,
      plan.table,
      request.mapping.version,
      request.runId ?? null,
      result.records,
      result.inserted,
      result.closed,
      result.unchanged,
      result.rejected,
      result.issues,
    ],
  );
  return result;
}

/** Sees to the relations that the extraction of a file needs: its entries, and the hashes of its personal values. */
async function openSource(
  pool: Pool,
  client: PoolClient,
  plan: TablePlan,
  file: SourceFile,
  key: PersonalDataKey,
  report: boolean,
): Promise<ExtractionSource> {
  const fields = plan.fields.flatMap((field) => field.entryField ?? []);
  const entries = plan.nested
    ? await findEntries(pool, client, { file, nested: plan.nested, fields, report })
    : null;
  return {
    fileId: file.id,
    entries,
    personalHashes: await hashPersonalData(client, plan, file, key, entries),
  };
}

async function isEmpty(client: PoolClient, plan: TablePlan): Promise<boolean> {
  const { rows } = await client.query<{ empty: boolean }>(
    `/* warehouse.is_empty */ select not exists (select from ${target(plan)}) as empty`,
  );
  return rows[0]!.empty;
}

/**
 * The bulk path of a first load: casts without guards, straight into the empty table. Gives null, with all undone, when
 * a value does not fit, a key is missing or a key comes twice; the guarded path then says which.
 */
async function fillByBareCasts(
  client: PoolClient,
  plan: TablePlan,
  file: SourceFile,
  source: ExtractionSource,
): Promise<Omit<CleanCounts, 'records'> | null> {
  const rows = bareExtraction(plan, source);
  if (rows === null) return null;
  await client.query('savepoint bare_casts');
  try {
    const { inserted } = await fillEmpty(client, plan, file, rows);
    const faults = bareFaults(plan);
    const faulty =
      faults === null ? null : await client.query(`select from ${target(plan)} where ${faults} limit 1`);
    if (!faulty?.rowCount) {
      await client.query('release savepoint bare_casts');
      return { entries: inserted, inserted, closed: 0, unchanged: 0, rejected: 0, issues: 0 };
    }
  } catch (error) {
    // Class 22: a value does not fit its type. Class 23: a key is missing or comes twice.
    if (!/^2[23]/.test((error as { code?: string }).code ?? '')) throw error;
  }
  await client.query('rollback to savepoint bare_casts');
  return null;
}

async function mergeGuarded(
  pool: Pool,
  client: PoolClient,
  plan: TablePlan,
  file: SourceFile,
  source: ExtractionSource,
  before: readonly (SourceFile & { mappingVersion: number })[],
  request: CleanRequest,
): Promise<Omit<CleanCounts, 'records'>> {
  const extracted = identifier('pg_temp', 'extracted');
  const said = identifier('pg_temp', 'said');
  await client.query(
    `/* warehouse.extract */ create temporary table extracted on commit drop as ${guardedExtraction(plan, source)}`,
  );
  const entries = await countRows(client, extracted);
  const faults = await writeFaults(client, plan, file, extracted);
  await client.query(
    `/* warehouse.observe */ create temporary table said on commit drop as ${observed(plan, extracted)}`,
  );
  await client.query(`drop table ${extracted}`);
  if (plan.tableType === 'reference') await dropStandardCodes(client, plan, said);
  await client.query(`analyze ${said}`);
  const merged = (await comesInOrder(client, plan, file, before))
    ? plan.tableType !== 'reference' && (await isEmpty(client, plan))
      ? await fillEmpty(client, plan, file, `select * from ${said}`)
      : await mergeInOrder(client, plan, file, said)
    : await mergeLate(pool, client, plan, file, before, request);
  const unknown = plan.tableType === 'reference' ? await writeUnknownCodes(client, plan, file, said) : 0;
  await client.query(`drop table ${said}`);
  return sumUp(entries, faults, merged, unknown);
}

function sumUp(entries: number, faults: FaultCounts, merged: MergeCounts, unknown: number) {
  const unchanged = entries - faults.rejected - merged.inserted;
  return { ...merged, entries, unchanged, rejected: faults.rejected, issues: faults.issues + unknown };
}

async function countRows(client: PoolClient, relation: string): Promise<number> {
  const { rows } = await client.query<{ count: string }>(
    `/* warehouse.count_rows */ select count(*)::integer as count from ${relation}`,
  );
  return Number(rows[0]!.count);
}

/** What the standard says of a code is not the vendor's to change. */
async function dropStandardCodes(client: PoolClient, plan: TablePlan, said: string): Promise<void> {
  await client.query(
    `/* warehouse.drop_standard_codes */
     delete from ${said} o using ${target(plan)} t where ${sameKey(plan, 't', 'o')} and t.standard and not t.deleted`,
  );
}

/** Whether nothing the table knows counts later than this file: no other file, no retirement. */
async function comesInOrder(
  client: PoolClient,
  plan: TablePlan,
  file: SourceFile,
  before: readonly SourceFile[],
): Promise<boolean> {
  if (
    before.some((other) => other.period > file.period || (other.period === file.period && other.id > file.id))
  ) {
    return false;
  }
  const { rowCount } = await client.query(
    `/* warehouse.later_retirement */
     select from support.retirement
     where table_name = $1 and restored_date is null and period is not null and period || '-01' >= $2 limit 1`,
    [plan.table, file.period],
  );
  return rowCount === 0;
}

/** Files a late file into history, from what all files said of the keys it names; each under the mapping it was read with. */
async function mergeLate(
  pool: Pool,
  client: PoolClient,
  plan: TablePlan,
  file: SourceFile,
  before: readonly (SourceFile & { mappingVersion: number })[],
  request: CleanRequest,
): Promise<MergeCounts> {
  const keys = identifier('pg_temp', 'key');
  await client.query(
    `/* warehouse.keys */ create temporary table key on commit drop as select ${list(plan.keys)} from pg_temp.said`,
  );
  await client.query(`analyze ${keys}`);
  const observations: Observation[] = [
    { fileId: file.id, period: file.period, rows: 'select * from pg_temp.said' },
  ];
  const mappings = new Map([[request.mapping.version, request.mapping]]);
  for (const other of before) {
    const mapping =
      mappings.get(other.mappingVersion) ?? (await mappingOfVersion(client, other.mappingVersion));
    mappings.set(other.mappingVersion, mapping);
    const then = mapping.tables.get(plan.table);
    if (!then || then.sourceTable !== other.sourceTable) continue;
    const source = await openSource(pool, client, then, other, request.personalDataKey, false);
    const extraction = guardedExtraction(then, source);
    const known = new Set(then.fields.map((field) => field.field));
    if (plan.keys.some((field) => !known.has(field.field))) continue;
    const relation = `(select x.* from (${extraction}) x join ${keys} k on ${sameKey(plan, 'k', 'x')}) extracted`;
    const columns = plan.fields.map(({ field }) =>
      known.has(field) ? `o.${identifier(field)}` : `null as ${identifier(field)}`,
    );
    observations.push({
      fileId: other.id,
      period: other.period,
      rows: `select ${columns.join(', ')}, o._record from (${observed(then, relation)}) o`,
    });
  }
  await mergeHistory(client, plan, keys, observations);
  const { rows } = await client.query<{ inserted: string }>(
    `/* warehouse.count_begun */
     select count(*)::integer as inserted from ${target(plan)} t join ${keys} k on ${sameKey(plan, 'k', 't')}
     where t.file_id = $1 and not (t.deleted and t.deleted_date < now())`,
    [file.id],
  );
  await client.query(`drop table ${keys}`);
  return { inserted: Number(rows[0]!.inserted), closed: 0 };
}
