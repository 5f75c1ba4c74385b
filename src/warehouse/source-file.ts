import { Fault } from '../fault.js';
import type { Queryable } from './catalog.js';
import { ledgerOf, type TablePlan } from './mapping.js';

/** A loaded file as cleaning sees it. */
export interface SourceFile {
  readonly id: number;
  readonly name: string;
  readonly feed: string;
  /** The table of schema `source` that holds its records. */
  readonly sourceTable: string;
  /** First day of its period, as YYYY-MM-01. */
  readonly period: string;
  /** Whether its records hold no character with which a number could be more than plain digits. */
  readonly plainNumbers: boolean;
  /** Records that the load kept. */
  readonly loadedCount: number;
}

const columns = `
  file.id, file.name, feed, 'src_' || feed as "sourceTable", period || '-01' as period,
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
