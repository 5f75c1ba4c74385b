import { identifier } from '../../database/identifier.js';
import { ledger } from '../../database/prisma-client.js';
import type { Queryable } from '../../database/queryable.js';
import { Fault } from '../../fault.js';
import { ledgerOf } from '../mapping/mapping.js';
import type { TablePlan } from '../mapping/table-plan.js';

/** A loaded file as cleaning sees it. */
export interface SourceFile {
  readonly id: number;
  readonly name: string;
  readonly feed: string;
  /** The table of schema `source` that holds its records. */
  readonly sourceTable: string;
  /** The names of its columns, in the order of the file. */
  readonly header: readonly string[];
  /** First day of its period, as YYYY-MM-01. */
  readonly period: string;
  /** Whether every number in its records is plain digits, because no record contains another character of a number. */
  readonly plainNumbers: boolean;
  /** Number of records that the load kept. */
  readonly loadedCount: number;
}

const columns = {
  id: true,
  name: true,
  feed: true,
  header: true,
  period: true,
  plain_numbers: true,
  record_count: true,
  reject_count: true,
  state: true,
} as const;

/** A row of `source.file`, as far as cleaning reads it. */
interface FileRow {
  readonly id: number;
  readonly name: string;
  readonly feed: string;
  readonly header: string[];
  readonly period: string;
  readonly plain_numbers: boolean | null;
  readonly record_count: number | null;
  readonly reject_count: number | null;
}

function sourceFileOf(row: FileRow): SourceFile {
  const { id, name, feed, header, period } = row;
  return {
    id,
    name,
    feed,
    header,
    sourceTable: `src_${feed}`,
    period: `${period}-01`,
    plainNumbers: row.plain_numbers ?? false,
    loadedCount: (row.record_count ?? 0) - (row.reject_count ?? 0),
  };
}

/**
 * The files in the order in which they count: the oldest period first, and within a period in the order they were first seen.
 * @throws Fault `file_not_loaded` when one is unknown or its load is not finished
 */
export async function readSourceFiles(db: Queryable, ids: readonly number[]): Promise<SourceFile[]> {
  const { file } = await ledger(db);
  const rows = await file.findMany({
    select: columns,
    where: { id: { in: [...ids] } },
    orderBy: [{ period: 'asc' }, { id: 'asc' }],
  });
  for (const id of ids) {
    const row = rows.find((other) => other.id === id);
    if (row?.state === 'loaded') continue;
    throw new Fault(
      'file_not_loaded',
      `File ${id} ${row ? `is in state ${row.state}` : 'is unknown'}, expected a loaded file; load it before cleaning.`,
    );
  }
  return rows.map(sourceFileOf);
}

/**
 * The relation that holds the records of one file and no others: the file's own partition, or a select from the table of its
 * feed. Reading the partition saves a tenth of the time, because a select compares the file number of every record.
 */
export async function findRecords(
  db: Queryable,
  { id, sourceTable }: Pick<SourceFile, 'id' | 'sourceTable'>,
): Promise<string> {
  const table = identifier('source', sourceTable);
  const { rows } = await db.query<{ name: string }>(
    `/* warehouse.find_records */
     select c.relname::text as name from pg_inherits join pg_class c on c.oid = inhrelid
     where inhparent = to_regclass($1) and pg_get_expr(relpartbound, c.oid) = $2`,
    [table, `FOR VALUES IN (${id})`],
  );
  return rows[0] ? identifier('source', rows[0].name) : `(select * from ${table} where file_id = ${id})`;
}

/** A file that was cleaned into a table, with the mapping version it was read under. */
export type TransformedFile = SourceFile & { readonly mappingVersion: number };

/** The files that a table was filled from, in the order in which they count. */
export async function readTransformedFiles(
  db: Queryable,
  plan: Pick<TablePlan, 'schema' | 'table'>,
): Promise<TransformedFile[]> {
  const versions = await readVersions(db, plan);
  if (versions.size === 0) return [];
  const { file } = await ledger(db);
  const rows = await file.findMany({
    select: columns,
    where: { id: { in: [...versions.keys()] } },
    orderBy: [{ period: 'asc' }, { id: 'asc' }],
  });
  return rows.map((row) => ({ ...sourceFileOf(row), mappingVersion: versions.get(row.id)! }));
}

/** The mapping version of each file in a table. A rebuild has a ledger in its own schema, which Prisma does not model. */
async function readVersions(
  db: Queryable,
  plan: Pick<TablePlan, 'schema' | 'table'>,
): Promise<Map<number, number>> {
  const { rows } = await db.query<{ file_id: number; mapping_version: number }>(
    `/* warehouse.read_transforms */
     select file_id, mapping_version from ${ledgerOf(plan)}.file_transform where table_name = $1`,
    [plan.table],
  );
  return new Map(rows.map((row) => [row.file_id, row.mapping_version]));
}
