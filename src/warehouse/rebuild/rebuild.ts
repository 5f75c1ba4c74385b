import type { Pool, PoolClient } from 'pg';
import { identifier } from '../../database/identifier.js';
import { ledger } from '../../database/prisma-client.js';
import type { Queryable } from '../../database/queryable.js';
import { inTransaction } from '../../database/transaction.js';
import { addCounts, type CleanCounts, cleanFile, noCounts } from '../clean/clean-table.js';
import { closeRetired, retirementPeriods } from '../corrections/retirement.js';
import type { NameFields, PersonalDataKey } from '../extract/cleaning.js';
import { mappingOfFile } from '../extract/file-mapping.js';
import { readSourceFiles, type SourceFile } from '../extract/source-file.js';
import { reopenStandardCodes } from '../history/standard-codes.js';
import { currentMapping, mappingOfVersion } from '../mapping/mapping-ledger.js';
import type { Mapping, TablePlan } from '../mapping/table-plan.js';
import { copyShape, dropRebuild, rebuildSchema, swapTable } from '../tables/rebuild-tables.js';
import { lockTable } from '../tables/table-lock.js';
import { dropUnfinished } from '../tables/work-tables.js';

/** A file to be cleaned again into one table. */
export interface ReplayedFile {
  readonly fileId: number;
  readonly table: string;
  readonly mappingVersion: number;
}

/**
 * What a rebuild reads: each file into each table under the mapping version it was cleaned with; or, with `current`, all loaded
 * files into all tables under that mapping, by the column names that the file has. A file that lacks a column of a table's key,
 * under any name, cannot be read under the current mapping and is read under the version it was cleaned with.
 */
export async function planReplay(db: Queryable, current: Mapping | null): Promise<ReplayedFile[]> {
  const { file: files, fileTransform } = await ledger(db);
  const transforms = await fileTransform.findMany({
    select: { file_id: true, table_name: true, mapping_version: true },
    orderBy: [{ table_name: 'asc' }, { file_id: 'asc' }],
  });
  const recorded = transforms.map((row) => ({
    fileId: row.file_id,
    table: row.table_name,
    mappingVersion: row.mapping_version,
  }));
  if (current === null) return recorded;
  const loaded = await files.findMany({
    select: { id: true, feed: true, header: true },
    where: { state: 'loaded' },
    orderBy: { id: 'asc' },
  });
  const replayed: ReplayedFile[] = [];
  for (const { id, feed, header } of loaded) {
    const file = { id, header, sourceTable: `src_${feed}` };
    const before = recorded.filter(({ fileId }) => fileId === file.id);
    for (const plan of (await mappingOfFile(db, current, file)).tables.values()) {
      const { table, sourceTable } = plan;
      if (sourceTable !== file.sourceTable) continue;
      if (before.length > 0 && !hasKeyOf(plan, file.header)) {
        replayed.push(...before.filter((transform) => transform.table === table));
      } else {
        replayed.push({ fileId: file.id, table, mappingVersion: current.version! });
      }
    }
  }
  return replayed;
}

/** Whether a file has the columns that identify the rows of a table. Column names match in any case, as they do in the load. */
function hasKeyOf({ fields }: TablePlan, header: readonly string[]): boolean {
  const names = new Set(header.map((name) => name.toLowerCase()));
  return fields.every(
    ({ required, sourceField }) => !required || names.has(sourceField.split('.')[0]!.toLowerCase()),
  );
}

/**
 * Drops what an earlier rebuild left behind and creates the empty tables of a new one, with the codes of the standards.
 * @param beforeCommit called last in the transaction, to check a fencing token: a superseded attempt would empty tables that
 *   have been rebuilt in the meantime
 */
export async function prepareRebuild(
  pool: Pool,
  mapping: Mapping,
  beforeCommit: (client: PoolClient) => Promise<void> = async () => {},
): Promise<void> {
  await inTransaction(pool, async (client) => {
    await dropRebuild(client);
    for (const plan of mapping.tables.values()) {
      await copyShape(client, plan.table);
      if (plan.tableType === 'reference') await copyStandard(client, plan);
    }
    for (const ledger of ['support.file_transform', 'support.issue', 'source.reject']) {
      await client.query(
        `/* warehouse.copy_ledger */
         create table ${identifier(rebuildSchema, ledger.split('.')[1]!)} (like ${ledger} including defaults including indexes)`,
      );
    }
    await beforeCommit(client);
  });
}

async function copyStandard(client: PoolClient, plan: TablePlan): Promise<void> {
  await client.query(
    `/* warehouse.copy_standard */
     insert into ${identifier(rebuildSchema, plan.table)}
     select * from ${identifier('warehouse', plan.table)} where standard`,
  );
  // Codes that were retired manually are retired again in `rebuildTable`.
  await reopenStandardCodes(client, { ...plan, schema: rebuildSchema });
}

export interface RebuildRequest {
  readonly table: string;
  readonly files: readonly ReplayedFile[];
  /** The mapping for which the tables of the rebuild were created; by default the current one. */
  readonly mapping?: Mapping;
  readonly personalDataKey: PersonalDataKey;
  /** As for `cleanTable`. */
  readonly names?: NameFields;
  readonly runId?: string | null;
  /** As for `cleanTable`. */
  readonly idleMs?: number;
  readonly beforeCommit?: (client: PoolClient, counts: CleanCounts) => Promise<void>;
}

/**
 * Cleans all files of one table again into the table of the rebuild, the oldest first, and applies the manual retirements at
 * their places between the files. It is one transaction, so that a repeated attempt begins with an empty table again.
 */
export async function rebuildTable(pool: Pool, request: RebuildRequest): Promise<CleanCounts> {
  const versions = new Map(request.files.map((file) => [file.fileId, file.mappingVersion]));
  return inTransaction(pool, async (client) => {
    const total = noCounts();
    const files = await readSourceFiles(client, [...versions.keys()]);
    const mappings = new Map<number, Mapping>();
    // A table without files can still have rows: the codes of its standard, some of which may be retired.
    const newest = (request.mapping ?? (await currentMapping(client))!).tables.get(request.table)!;
    const whole: TablePlan = { ...newest, schema: rebuildSchema };
    await lockTable(client, whole, request.idleMs);
    let retired = await retirementPeriods(client, whole);
    for (const file of files) {
      const version = versions.get(file.id)!;
      const mapping = mappings.get(version) ?? (await mappingOfVersion(client, version));
      mappings.set(version, mapping);
      const own = await mappingOfFile(client, mapping, file);
      const plan: TablePlan = { ...own.tables.get(request.table)!, schema: rebuildSchema };
      retired = await retireUpTo(client, plan, retired, file);
      const { personalDataKey, names } = request;
      const nameField = names?.[request.table];
      const cleaning = { pool, client, plan, mapping: own, personalDataKey, nameField };
      const counts = await cleanFile(cleaning, file, request.runId ?? null);
      if (counts !== null) addCounts(total, counts);
      await dropUnfinished(client, plan);
    }
    await retireUpTo(client, whole, retired, null);
    await request.beforeCommit?.(client, total);
    return total;
  });
}

/** Applies the retirements of periods before the file's period, or all of them, and returns the periods that are left. */
async function retireUpTo(
  client: PoolClient,
  plan: TablePlan,
  periods: readonly string[],
  file: SourceFile | null,
): Promise<string[]> {
  const due = periods.filter((period) => file === null || `${period}-01` < file.period);
  for (const period of due) await closeRetired(client, plan, period);
  return periods.filter((period) => !due.includes(period));
}

/**
 * Replaces the live tables and their ledgers with the rebuilt ones, in the caller's transaction, so that readers see either the
 * old warehouse or the new one.
 * @returns the number of tables
 */
export async function swapRebuilt(client: PoolClient, mapping: Mapping): Promise<number> {
  const tables = [...mapping.tables.keys()];
  for (const table of tables) await lockTable(client, { schema: 'warehouse', table });
  for (const table of tables) await swapTable(client, table);
  await swapRejects(client, tables);
  for (const ledger of ['file_transform', 'issue']) {
    await client.query(
      `/* warehouse.delete_ledger */ delete from support.${ledger} where table_name = any($1) and file_id is not null`,
      [tables],
    );
    await client.query(
      `/* warehouse.insert_ledger */ insert into support.${ledger} select * from ${identifier(rebuildSchema, ledger)}`,
    );
  }
  await dropRebuild(client);
  return tables.length;
}

/**
 * Replaces the rejects of cleaning with those of the rebuild, for the files that it read: under another mapping, other records
 * have a usable key. The rejects of a file stay when it is also in a table that was not rebuilt.
 */
async function swapRejects(client: PoolClient, tables: readonly string[]): Promise<void> {
  const rebuilt = identifier(rebuildSchema, 'reject');
  await client.query(
    `/* warehouse.delete_rejects */
     delete from source.reject r
     where reason = 'key_not_usable'
       and file_id in (select file_id from ${identifier(rebuildSchema, 'file_transform')})
       and file_id not in (select file_id from support.file_transform where table_name <> all($1))
       and not exists (
         select from ${rebuilt} n
         where n.file_id = r.file_id and n.record_number = r.record_number and n.detail = r.detail)`,
    [tables],
  );
  await client.query(
    `/* warehouse.copy_rejects */
     insert into source.reject
     select * from ${rebuilt} n
     where not exists (
       select from source.reject r
       where r.file_id = n.file_id and r.record_number = n.record_number and r.reason = n.reason)`,
  );
}
