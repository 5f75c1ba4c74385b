import { Fault } from '../fault.js';
import type { Queryable } from './catalog.js';

/** A loaded file as cleaning sees it. */
export interface SourceFile {
  readonly id: number;
  readonly name: string;
  readonly feed: string;
  /** The table of schema `source` that holds its records. */
  readonly sourceTable: string;
  /** First day of its period, as YYYY-MM-01. */
  readonly period: string;
  /** Records that the load kept. */
  readonly loadedCount: number;
}

const columns = `
  file.id, file.name, feed, 'src_' || feed as "sourceTable", period || '-01' as period,
  coalesce(file.record_count, 0) - coalesce(file.reject_count, 0) as "loadedCount"`;

/**
 * The files, oldest period first, within a period in the order they were first seen: the order in which they count.
 * @throws Fault `file-not-loaded` when one is missing or its load is not finished.
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
      'file-not-loaded',
      `File ${id} ${file ? `is in state ${file.state}` : 'is not known'}, expected a loaded one; load it before cleaning.`,
    );
  }
  return rows;
}

/** The files that a table was filled from, in the order in which they count, with the mapping version of each. */
export async function readTransformedFiles(
  db: Queryable,
  table: string,
): Promise<(SourceFile & { mappingVersion: number })[]> {
  const { rows } = await db.query<SourceFile & { mappingVersion: number }>(
    `/* warehouse.read_transformed_files */
     select ${columns}, mapping_version as "mappingVersion"
     from source.file join support.file_transform on file_transform.file_id = file.id
     where table_name = $1 order by file.period, id`,
    [table],
  );
  return rows;
}
