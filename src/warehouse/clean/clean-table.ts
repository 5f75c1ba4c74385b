import type { Pool, PoolClient } from 'pg';
import { inTransaction } from '../../database/transaction.js';
import { Fault } from '../../fault.js';
import { rejectRecordsWithoutEntries } from '../extract/cast-failures.js';
import type { Cleaning, NameFields, PersonalDataKey } from '../extract/cleaning.js';
import { mappingOfFile } from '../extract/file-mapping.js';
import { openSource } from '../extract/open-source.js';
import { readSourceFiles, readTransformedFiles, type SourceFile } from '../extract/source-file.js';
import { mergeFile } from '../history/merge-file.js';
import { ledgerOf } from '../mapping/mapping.js';
import type { Mapping } from '../mapping/table-plan.js';
import { lockTable } from '../tables/table-lock.js';
import { dropUnfinished } from '../tables/work-tables.js';

/** What cleaning one or more files changed in one table. Entries = inserted + unchanged + rejected. */
export interface CleanCounts {
  /** Records that were read. */
  records: number;
  /** Rows from the records: one per record, or one per entry of a nested column. */
  entries: number;
  /** Versions opened. */
  inserted: number;
  /** Versions closed. */
  closed: number;
  /** Entries that changed nothing, because they are repeated in the file or already known. */
  unchanged: number;
  /** Entries without a usable key. */
  rejected: number;
  /** Values that could not be used. */
  issues: number;
}

export interface CleanRequest {
  readonly table: string;
  /** Loaded files of the table's feed; files that were cleaned into the table before are skipped. */
  readonly fileIds: readonly number[];
  readonly mapping: Mapping;
  readonly personalDataKey: PersonalDataKey;
  /** Which field names the rows of a table; keys that change their name are counted. */
  readonly names?: NameFields;
  readonly runId?: string | null;
  /** How long the transaction may be idle before Postgres ends it and releases the table. */
  readonly idleMs?: number;
  /** Called last in the transaction, for example to check a fencing token or to complete a step with the same commit. */
  readonly beforeCommit?: (client: PoolClient, counts: CleanCounts) => Promise<void>;
}

/**
 * Cleans files into one warehouse table. Rows, rejects, issues and the ledger `support.file_transform` are written in one
 * transaction, so that it takes effect once, however often it is tried. Waits while another transaction cleans into the table.
 *
 * Uses one connection of the pool, and for a time more: one when entries are not staged (see `expandFile`), one while personal
 * values are hashed, and one per partition while live rows are filled in parallel. These commit only to separate work tables,
 * which have no effect without this transaction.
 * @throws Fault `table_not_mapped`, `file_not_loaded`, `file_of_other_feed`, `mapping_not_installed`
 */
export async function cleanTable(pool: Pool, request: CleanRequest): Promise<CleanCounts> {
  const plan = request.mapping.tables.get(request.table);
  if (!plan) {
    throw new Fault(
      'table_not_mapped',
      `The mapping fills no table ${request.table}, expected one of ${[...request.mapping.tables.keys()].join(', ')}.`,
    );
  }
  if (request.mapping.version === null) {
    throw new Fault('mapping_not_installed', 'The mapping has no version yet; install it first.');
  }
  return inTransaction(pool, async (client) => {
    await lockTable(client, plan, request.idleMs);
    // A month changes few rows of a large table, and most of them are in memory, so index lookups beat a scan.
    await client.query('/* warehouse.prefer_indexes */ set local random_page_cost = 1.1');
    // Each key of a file is looked up once, so caching the results only costs time: a fifth of the lookups.
    await client.query('/* warehouse.avoid_memoize */ set local enable_memoize = off');
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
      const nameField = request.names?.[request.table];
      const cleaning: Cleaning = { pool, client, plan: own, mapping, personalDataKey, nameField };
      const counts = await cleanFile(cleaning, file, request.runId ?? null);
      if (counts !== null) addCounts(total, counts);
    }
    await dropUnfinished(client, plan);
    await request.beforeCommit?.(client, total);
    return total;
  });
}

/** Cleans one file in the caller's transaction; null when it was cleaned into the table before. */
export async function cleanFile(
  cleaning: Cleaning,
  file: SourceFile,
  runId: string | null,
): Promise<CleanCounts | null> {
  const { client, plan, mapping } = cleaning;
  const before = await readTransformedFiles(client, plan);
  if (before.some((other) => other.id === file.id)) return null;
  const source = await openSource(cleaning, plan, file, { report: true });
  const { known, renamed, ...counts } = await mergeFile(cleaning, file, source, before);
  await rejectRecordsWithoutEntries(client, plan, mapping, file, source);
  const result = { ...counts, records: file.loadedCount };
  await client.query(
    `/* warehouse.insert_file_transform */
     insert into ${ledgerOf(plan)}.file_transform
       (file_id, table_name, mapping_version, run_id, record_count, inserted_count, closed_count, unchanged_count,
        reject_count, issue_count, known_count, renamed_count)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
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
      known,
      renamed,
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
