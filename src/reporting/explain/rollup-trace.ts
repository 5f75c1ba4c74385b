import type { Queryable } from '../../database/queryable.js';
import { ident, literal, raw, runSql, type SqlText, sql } from '../../database/sql.js';
import type { SummedRecords } from '../definition/definition.js';
import { columnOf, wasLive } from '../sql/row-sql.js';
import { type RawRecord, rawRecords, recordId } from './raw-records.js';
import { type FoundRow, foundColumns, type TracedRow, tracedRows } from './traced-rows.js';

/** The records of one file that are summed into an entity's amounts through one link. */
interface SummedFile {
  /** The link's key, field by field, as text. */
  readonly key: Readonly<Record<string, string>>;
  readonly fileId: number;
  readonly file: string;
  readonly period: string;
  readonly count: number;
  /** The exact sum of the values as sent. */
  readonly sum: string;
  /** The numbers of the first record and of the last. */
  readonly firstRecord: number;
  readonly lastRecord: number;
  /** A few of the records as sent, or none: there may be too many to show. */
  readonly examples: readonly { readonly record: number; readonly raw: RawRecord | null }[];
}

/** The records that are summed into an entity's amounts, file by file. */
export interface TracedSum {
  readonly table: string;
  readonly count: number;
  /** How many more records the published amounts include that can no longer be determined. */
  readonly missing: number;
  readonly files: readonly SummedFile[];
}

/** The records that are summed into one entity's amounts, with the links that lead to them. */
interface SummedEntity {
  readonly links: readonly TracedRow[];
  readonly files: readonly SummedFile[];
}

interface FileRow extends Omit<SummedFile, 'key' | 'count' | 'examples'> {
  link: string;
  count: string;
  feed: string;
}

/** Maximum number of records shown as sent. */
const maxExamples = 3;

/**
 * The records that are summed into an entity's amounts and the links that lead to them, as the warehouse was at a time. There is no
 * index by entity, so the whole table is read: seconds for many millions of records.
 * @param builtDate when the published reports were built
 */
export async function summedInto(
  client: Queryable,
  summed: SummedRecords,
  entity: number,
  builtDate: string,
): Promise<SummedEntity> {
  const asBuilt = sql`${builtDate}::timestamptz`;
  const links = await linksTo(client, summed, entity, asBuilt);
  if (links.length === 0) return { links, files: [] };
  const rows = await summedFiles(client, summed, entity, asBuilt);
  const shown = rows
    .flatMap(({ fileId: file_id, feed, firstRecord, lastRecord }) =>
      [...new Set([firstRecord, lastRecord])].map((record_number) => ({ file_id, feed, record_number })),
    )
    .slice(0, maxExamples);
  const records = await rawRecords(client, shown);
  const files = rows.map(({ link, count, feed: _, ...row }) => ({
    ...row,
    key: { [summed.links.key]: link },
    count: Number(count),
    examples: [...new Set([row.firstRecord, row.lastRecord])].flatMap((record) => {
      const sent = records.get(recordId({ file_id: row.fileId, record_number: record }));
      return sent === undefined ? [] : [{ record, raw: sent }];
    }),
  }));
  return { links, files };
}

async function summedFiles(
  client: Queryable,
  { table, value, links }: SummedRecords,
  entity: number,
  asBuilt: SqlText,
): Promise<FileRow[]> {
  const key = columnOf(links.key, 'summed');
  const { rows } = await runSql<FileRow>(
    client,
    sql`/* reporting.list_summed_files ${raw(table)} */
      select link, count, sum::text, "firstRecord", "lastRecord",
        file.id as "fileId", file.name as file, file.period, file.feed
      from (
        select ${key}::text as link, file_id, count(*), sum(${columnOf(value, 'summed')}),
          min(record_number) as "firstRecord", max(record_number) as "lastRecord"
        from ${ident('warehouse', table)} as summed
        where ${key} = any(array(
          select ${columnOf(links.key, 'found')} from ${ident('warehouse', links.table)} as found
          where ${columnOf(links.entity, 'found')} = ${entity} and ${wasLive('found', asBuilt)}
        )) and ${columnOf(value, 'summed')} is not null and ${wasLive('summed', asBuilt)}
        group by ${key}, file_id
      ) as of_file
      join source.file on file.id = of_file.file_id
      order by file.period, file.id, link`,
  );
  return rows;
}

async function linksTo(
  client: Queryable,
  { links: { table, entity: entityColumn, key } }: SummedRecords,
  entity: number,
  asBuilt: SqlText,
): Promise<TracedRow[]> {
  const { rows } = await runSql<FoundRow>(
    client,
    sql`/* reporting.list_summed_links ${raw(table)} */
      select ${columnOf(entityColumn, 'found')} as entity,
        jsonb_build_object(${literal(key)}, ${columnOf(key, 'found')}::text) as key, ${foundColumns(table)}
      from ${ident('warehouse', table)} as found
      join source.file on file.id = found.file_id
      where ${columnOf(entityColumn, 'found')} = ${entity} and ${wasLive('found', asBuilt)}
      order by ${columnOf(key, 'found')}`,
  );
  return tracedRows(client, table, rows);
}
