import { identifier } from '../../database/identifier.js';
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
  /** The names of its columns, in its order. */
  readonly header: readonly string[];
  /** First day of its period, as YYYY-MM-01. */
  readonly period: string;
  /** Whether its records hold no character with which a number could be more than plain digits. */
  readonly plainNumbers: boolean;
  /** Records that the load kept. */
  readonly loadedCount: number;
}

const columns = `
  file.id, file.name, feed, 'src_' || feed as "sourceTable", header, period || '-01' as period,
  coalesce(plain_numbers, false) as "plainNumbers",
  coalesce(file.record_count, 0) - coalesce(file.reject_count, 0) as "loadedCount"`;

/**
 * The files, oldest period first, within a period in the order they were first seen: the order in which they count.
 * @throws Fault `file_not_loaded` when one is missing or its load is not finished.
 */
export async function readSourceFiles(db: Queryable, ids: readonly number[]): Promise<SourceFile[]> {
  const { rows } = await db.query<SourceFile & { state: string }>(
    `/* warehouse.read_files */ select ${columns}, state from source.file where id = any($1) order by file.period, id`,
    [ids],
  );
  for (const id of ids) {
    const file = rows.find((row) => row.id === id);
    if (file?.state === 'loaded') continue;
    throw new Fault(
      'file_not_loaded',
      `File ${id} ${file ? `is in state ${file.state}` : 'is not known'}, expected a loaded one; load it before cleaning.`,
    );
  }
  return rows;
}

/**
 * The relation that holds a file's records and no others: its own partition, since to test the number of each record
 * costs a tenth of reading it, being a constant that is not stored with it; else those of its feed that have the number.
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

/** A file that went into a table, with the mapping version it was read under. */
export type TransformedFile = SourceFile & { readonly mappingVersion: number };

/** The files that a table was filled from, in the order in which they count. */
export async function readTransformedFiles(
  db: Queryable,
  plan: Pick<TablePlan, 'schema' | 'table'>,
): Promise<TransformedFile[]> {
  const { rows } = await db.query<TransformedFile>(
    `/* warehouse.read_transformed_files */
     select ${columns}, mapping_version as "mappingVersion"
     from source.file join ${ledgerOf(plan)}.file_transform on file_transform.file_id = file.id
     where table_name = $1 order by file.period, id`,
    [plan.table],
  );
  return rows;
}
