import type { Pool, PoolClient } from 'pg';
import { inTransaction } from '../../database/transaction.js';
import { Fault } from '../../fault.js';
import { rejectUnlisted } from '../extract/cast-failures.js';
import type { Cleaning, PersonalDataKey } from '../extract/cleaning.js';
import { mappingOfFile } from '../extract/file-mapping.js';
import { openSource } from '../extract/open-source.js';
import { readSourceFiles, readTransformedFiles, type SourceFile } from '../extract/source-file.js';
import { mergeFile } from '../history/merge-file.js';
import { ledgerOf } from '../mapping/mapping.js';
import type { Mapping } from '../mapping/table-plan.js';
import { lockTable } from '../tables/table-lock.js';
import { dropUnfinished } from '../tables/work-tables.js';

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
  /** How long the worker may leave its transaction waiting before Postgres takes the table from it. */
  readonly idleMs?: number;
  /** Called last in the transaction: a place to hold a fence, or to mark a step as done with the same commit. */
  readonly beforeCommit?: (client: PoolClient, counts: CleanCounts) => Promise<void>;
}

/**
 * Cleans files into one warehouse table, in one transaction: rows, rejects, issues and the ledger
 * `support.file_transform` together, so that however often it is tried it takes effect once. Waits while another
 * transaction cleans into the same table.
 *
 * Takes one connection of the pool, and more for a while: one when entries are not staged (see `expandFile`), one while
 * personal values are hashed, and one per table of live rows while those are filled side by side. What those commit is in
 * tables of their own, which come to something only with this transaction.
 * @throws Fault `table_not_mapped`, `file_not_loaded`, `file_of_other_feed`, `mapping_not_installed`
 */
export async function cleanTable(pool: Pool, request: CleanRequest): Promise<CleanCounts> {
  const plan = request.mapping.tables.get(request.table);
  if (!plan) {
    throw new Fault('table_not_mapped', `The mapping fills no table ${request.table}; name one it fills.`);
  }
  if (request.mapping.version === null) {
    throw new Fault(
      'mapping_not_installed',
      'The mapping has no version yet; install it before cleaning with it.',
    );
  }
  return inTransaction(pool, async (client) => {
    await lockTable(client, plan, request.idleMs);
    // A month touches few rows of a large table, and finds most of them in memory: index look-ups, not a scan of it all.
    await client.query('set local random_page_cost = 1.1');
    // A file's keys are looked up once each: to remember what was found cost a fifth of the looking up.
    await client.query('set local enable_memoize = off');
    const { personalDataKey } = request;
    const total = noCounts();
    for (const file of await readSourceFiles(client, request.fileIds)) {
      if (file.sourceTable !== plan.sourceTable) {
        throw new Fault(
          'file_of_other_feed',
          `File ${file.id} is in ${file.sourceTable}, but ${plan.table} is filled from ${plan.sourceTable}.`,
        );
      }
      const mapping = await mappingOfFile(client, request.mapping, file);
      const own = mapping.tables.get(request.table)!;
      const cleaning: Cleaning = { pool, client, plan: own, mapping, personalDataKey };
      const counts = await cleanFile(cleaning, file, request.runId ?? null);
      if (counts !== null) addCounts(total, counts);
    }
    await dropUnfinished(client, plan);
    await request.beforeCommit?.(client, total);
    return total;
  });
}

/** Cleans one file, in the caller's transaction; null when it went into the table before. */
export async function cleanFile(
  cleaning: Cleaning,
  file: SourceFile,
  runId: string | null,
): Promise<CleanCounts | null> {
  const { client, plan, mapping } = cleaning;
  const before = await readTransformedFiles(client, plan);
  if (before.some((other) => other.id === file.id)) return null;
  const source = await openSource(cleaning, plan, file, { report: true });
  const counts = await mergeFile(cleaning, file, source, before);
  await rejectUnlisted(client, plan, mapping, file, source);
  const result = { ...counts, records: file.loadedCount };
  await client.query(
    `/* warehouse.insert_file_transform */
     insert into ${ledgerOf(plan)}.file_transform
       (file_id, table_name, mapping_version, run_id, record_count, inserted_count, closed_count, unchanged_count,
        reject_count, issue_count)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      file.id,
      plan.table,
      mapping.version,
      runId,
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

export function noCounts(): CleanCounts {
  return { records: 0, entries: 0, inserted: 0, closed: 0, unchanged: 0, rejected: 0, issues: 0 };
}

export function addCounts(total: CleanCounts, counts: CleanCounts): void {
  for (const name of Object.keys(total) as (keyof CleanCounts)[]) total[name] += counts[name];
}
