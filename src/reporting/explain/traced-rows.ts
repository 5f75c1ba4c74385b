import pg from 'pg';
import type { Queryable } from '../../database/queryable.js';
import type { ContributionSource, ReportDefinition } from '../definition/definition.js';
import type { ReportKey } from '../definition/report-key.js';
import { byKey, columnList, contributionTable, quoted } from '../sql/table-names.js';
import { columnsBehind, placeOf, type RawRecord, type RecordPlace, rawRecords } from './raw-records.js';

/** A row of the warehouse that a report's row stands on beside the entities' own, and the record that said it. */
export interface TracedRow {
  readonly table: string;
  /** Its natural key, field by field, as text. */
  readonly key: Readonly<Record<string, string>>;
  /** The row of the warehouse. */
  readonly version: number;
  /** The file's number: a month may have two files of a name. */
  readonly fileId: number;
  readonly file: string;
  readonly period: string;
  readonly record: number;
  /** The mapping it was cleaned with. */
  readonly mappingVersion: number | null;
  /** What it was made of: these columns of the record, as sent. */
  readonly raw: RawRecord | null;
}

/** A row of the warehouse as it is found: `foundColumns`, and whose it is. */
export interface FoundRow extends RecordPlace {
  entity: number | null;
  key: Record<string, string>;
  version: string;
  file: string;
  period: string;
  mappingVersion: number | null;
}

/**
 * The links that the contributions to a row stand on, by entity; as they were when the reports that are served were built,
 * where that can still be told.
 */
export async function linksOf(
  client: Queryable,
  definition: ReportDefinition,
  key: ReportKey,
  publication: number,
): Promise<ReadonlyMap<number, readonly TracedRow[]>> {
  const links = new Map<number, TracedRow[]>();
  for (const source of definition.contributions!.sources.filter(({ isLink }) => isLink)) {
    for (const [entity, row] of await rowsOf(client, definition, key, publication, source)) {
      links.set(entity!, [...(links.get(entity!) ?? []), row]);
    }
  }
  return links;
}

/** What a row's entities are linked to and the row shows, the name of it say; of one column alone, where it is given. */
export async function shownRows(
  client: Queryable,
  definition: ReportDefinition,
  key: ReportKey,
  publication: number,
  column?: string,
): Promise<readonly TracedRow[]> {
  const shown: TracedRow[] = [];
  for (const source of definition.contributions!.sources) {
    const columns = Object.keys(source.shows ?? {});
    if (columns.length === 0 || (column !== undefined && !columns.includes(column))) continue;
    for (const [, row] of await rowsOf(client, definition, key, publication, source)) shown.push(row);
  }
  return shown;
}

async function rowsOf(
  client: Queryable,
  definition: ReportDefinition,
  key: ReportKey,
  publication: number,
  source: ContributionSource,
): Promise<[entity: number | null, TracedRow][]> {
  const { table, isLink } = source;
  const fields = Object.entries(source.key);
  const own = [...new Set([...(isLink ? ['entity'] : []), ...Object.values(source.key)])];
  const keyPairs = fields.map(
    ([field, column]) => `${pg.escapeLiteral(field)}, ${quoted(column, 'traced')}::text`,
  );
  const given = definition.key.length;
  const { rows } = await client.query<FoundRow>(
    `/* reporting.traced_rows ${definition.name} */
     select ${isLink ? 'traced.entity' : 'null::integer as entity'}, jsonb_build_object(${keyPairs.join(', ')}) as key,
       ${foundColumns(`$${given + 2}`)}
     from (
       select distinct ${columnList(own)} from ${contributionTable(definition.name)} as contribution
       where ${byKey(definition, 'contribution')}
     ) as traced
     cross join (select built_date from support.publication_state where publication = $${given + 1}) as served
     cross join lateral (
       select * from warehouse.${quoted(table)} as said
       where ${fields.map(([field, column]) => `${quoted(field, 'said')} = ${quoted(column, 'traced')}`).join(' and ')}
       order by
         said.created_date <= served.built_date
           and (not said.deleted or said.deleted_date > served.built_date) desc,
         said.deleted, said.deleted_date desc
       limit 1
     ) as found
     join source.file on file.id = found.file_id`,
    [...Object.values(key), publication, table],
  );
  const traced = await tracedRows(client, table, rows);
  return traced.map((row, place) => [rows[place]!.entity, row]);
}

/** What is selected of the row `found` and its `file`; the name of its table is given as an expression. */
export function foundColumns(table: string): string {
  return `found.version_id as version, found.file_id, found.record_number, file.name as file, file.feed, file.period,
       (
         select mapping_version from support.file_transform as transform
         where transform.file_id = file.id and transform.table_name = ${table}
       ) as "mappingVersion"`;
}

/** Rows of a table with the records that said them. */
export async function tracedRows(
  client: Queryable,
  table: string,
  rows: readonly FoundRow[],
): Promise<TracedRow[]> {
  const raw = await rawRecords(client, rows);
  const columns = new Map<number | null, ReadonlySet<string>>();
  for (const version of new Set(rows.map(({ mappingVersion }) => mappingVersion))) {
    if (version !== null) columns.set(version, await columnsBehind(client, table, version));
  }
  return rows.map(({ entity: _entity, file_id, record_number, feed: _feed, version, ...row }) => {
    const sent = raw.get(placeOf({ file_id, record_number })) ?? null;
    const read = columns.get(row.mappingVersion);
    return {
      ...row,
      table,
      version: Number(version),
      fileId: file_id,
      record: record_number,
      raw: sent && Object.fromEntries(Object.entries(sent).filter(([column]) => read?.has(column) ?? true)),
    };
  });
}
