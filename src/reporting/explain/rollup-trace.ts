import type { Queryable } from '../../database/queryable.js';
import type { SummedRecords } from '../definition/definition.js';
import { quoted, wasLive } from '../sql/table-names.js';
import { placeOf, type RawRecord, rawRecords } from './raw-records.js';
import { type FoundRow, foundColumns, type TracedRow, tracedRows } from './traced-rows.js';

/** What of a file is summed into an entity's amounts through one link. */
interface SummedFile {
  /** The link's key, field by field, as text. */
  readonly key: Readonly<Record<string, string>>;
  readonly fileId: number;
  readonly file: string;
  readonly period: string;
  readonly count: number;
  /** The sum of the values as the vendor means them, with all its digits. */
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
  /** How many more the served amounts were summed of, which the warehouse cannot tell any more. */
  readonly missing: number;
  readonly files: readonly SummedFile[];
}

/** What is summed into one entity's amounts, and through what. */
export interface SummedEntity {
  readonly links: readonly TracedRow[];
  readonly files: readonly SummedFile[];
}

/** When the served reports were built. */
const asBuilt = '$1::timestamptz';

/** So many records are shown as sent. */
const exampleCount = 3;

/**
 * The records that are summed into the amounts of an entity, and the links through which they reach it, as the warehouse was
 * at a time. There is no index by what they belong to, so all of the table is read: seconds, where it has many millions.
 * @param builtDate when the served reports were built
 */
export async function summedInto(
  client: Queryable,
  summed: SummedRecords,
  entity: number,
  builtDate: string,
): Promise<SummedEntity> {
  const links = await linksTo(client, summed, entity, builtDate);
  if (links.length === 0) return { links, files: [] };
  const { table, value } = summed;
  const key = quoted(summed.links.key, 'summed');
  const { rows } = await client.query<
    Omit<SummedFile, 'key' | 'count' | 'examples'> & { of: string; count: string; feed: string }
  >(
    `/* reporting.summed_records ${table} */
     select of, count, sum::text, "firstRecord", "lastRecord",
       file.id as "fileId", file.name as file, file.period, file.feed
     from (
       select ${key}::text as of, file_id, count(*), sum(summed.${quoted(value)}),
         min(record_number) as "firstRecord", max(record_number) as "lastRecord"
       from warehouse.${quoted(table)} as summed
       where ${key} = any(array(
         select found.${quoted(summed.links.key)} from warehouse.${quoted(summed.links.table)} as found
         where found.${quoted(summed.links.entity)} = $2 and ${wasLive('found', asBuilt)}
       )) and summed.${quoted(value)} is not null and ${wasLive('summed', asBuilt)}
       group by ${key}, file_id
     ) as of_file
     join source.file on file.id = of_file.file_id
     order by file.period, file.id, of`,
    [builtDate, entity],
  );
  const shown = rows
    .flatMap(({ fileId: file_id, feed, firstRecord, lastRecord }) =>
      [...new Set([firstRecord, lastRecord])].map((record_number) => ({ file_id, feed, record_number })),
    )
    .slice(0, exampleCount);
  const raw = await rawRecords(client, shown);
  const files = rows.map(({ of, count, feed: _, ...row }) => ({
    ...row,
    key: { [summed.links.key]: of },
    count: Number(count),
    examples: [...new Set([row.firstRecord, row.lastRecord])].flatMap((record) => {
      const sent = raw.get(placeOf({ file_id: row.fileId, record_number: record }));
      return sent === undefined ? [] : [{ record, raw: sent }];
    }),
  }));
  return { links, files };
}

async function linksTo(
  client: Queryable,
  { links: { table, entity: ofEntity, key } }: SummedRecords,
  entity: number,
  builtDate: string,
): Promise<TracedRow[]> {
  const { rows } = await client.query<FoundRow>(
    `/* reporting.links_of_summed ${table} */
     select found.${quoted(ofEntity)} as entity, jsonb_build_object($4::text, found.${quoted(key)}::text) as key,
       ${foundColumns('$3')}
     from warehouse.${quoted(table)} as found
     join source.file on file.id = found.file_id
     where found.${quoted(ofEntity)} = $2 and ${wasLive('found', asBuilt)}
     order by found.${quoted(key)}`,
    [builtDate, entity, table, key],
  );
  return tracedRows(client, table, rows);
}
