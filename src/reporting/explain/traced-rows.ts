import type { Queryable } from '../../database/queryable.js';
import { ident, joined, raw, runSql, type SqlText, sql } from '../../database/sql.js';
import { sqlFile } from '../../database/sql-file.js';
import type { ContributionSource, ReportDefinition } from '../definition/definition.js';
import type { ReportKey } from '../definition/report-key.js';
import { columnList, columnOf, hasKey, namesAndValues } from '../sql/row-sql.js';
import { contributionTable } from '../sql/table-names.js';
import { mappedColumns, type RawRecord, type RecordId, rawRecords, recordId } from './raw-records.js';

const sourceQuery = sqlFile(new URL('sql/traced-source.sql', import.meta.url));

/** A warehouse row, other than the entity's own, that a report's row depends on, with the record it comes from. */
export interface TracedRow {
  readonly table: string;
  /** Its natural key, field by field, as text. */
  readonly key: Readonly<Record<string, string>>;
  /** The version of the warehouse row. */
  readonly version: number;
  /** The file's id: a month may have two files with the same name. */
  readonly fileId: number;
  readonly file: string;
  readonly period: string;
  readonly record: number;
  /** The mapping it was cleaned with. */
  readonly mappingVersion: number | null;
  /** The columns of the record that it was computed from, as sent. */
  readonly raw: RawRecord | null;
}

/** A warehouse row with the `foundColumns`, and its entity. */
export interface FoundRow extends RecordId {
  entity: number | null;
  key: Record<string, string>;
  version: string;
  file: string;
  period: string;
  mappingVersion: number | null;
}

/**
 * The links that the contributions to a row depend on, by entity, as they were when the published reports were built, if that can still
 * be determined.
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

/** The linked rows whose columns the report's row shows, such as a name; with `column`, those that this column shows. */
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
  { table, isLink, key: sourceKey }: ContributionSource,
): Promise<[entity: number | null, TracedRow][]> {
  const contributionColumns = [...new Set([...(isLink ? ['entity'] : []), ...Object.values(sourceKey)])];
  const isSource = Object.entries(sourceKey).map(
    ([field, column]) => sql`${columnOf(field, 'version')} = ${columnOf(column, 'traced')}`,
  );
  const query = sourceQuery({
    entity: isLink ? sql`traced.entity` : sql`null::integer as entity`,
    key_object: namesAndValues(
      Object.keys(sourceKey),
      (field) => sql`${columnOf(sourceKey[field]!, 'traced')}::text`,
    ),
    found: foundColumns(table),
    contribution_columns: columnList(contributionColumns),
    contribution: contributionTable(definition.name),
    has_key: hasKey(definition, 'contribution', key),
    publication,
    table: ident('warehouse', table),
    is_source: joined(isSource, ' and '),
  });
  const { rows } = await runSql<FoundRow>(
    client,
    sql`/* reporting.trace_source ${raw(definition.name)} */ ${query}`,
  );
  const traced = await tracedRows(client, table, rows);
  return traced.map((row, index) => [rows[index]!.entity, row]);
}

/** What is selected of the row `found` of a table and of its `file`. */
export function foundColumns(table: string): SqlText {
  return sql`found.version_id as version, found.file_id, found.record_number, file.name as file, file.feed, file.period,
    (
      select mapping_version from support.file_transform as transform
      where transform.file_id = file.id and transform.table_name = ${table}
    ) as "mappingVersion"`;
}

/** Adds to warehouse rows the records they come from. */
export async function tracedRows(
  client: Queryable,
  table: string,
  rows: readonly FoundRow[],
): Promise<TracedRow[]> {
  const records = await rawRecords(client, rows);
  const columns = new Map<number | null, ReadonlySet<string>>();
  for (const version of new Set(rows.map(({ mappingVersion }) => mappingVersion))) {
    if (version !== null) columns.set(version, await mappedColumns(client, table, version));
  }
  return rows.map(({ entity: _entity, file_id, record_number, feed: _feed, version, ...row }) => {
    const sent = records.get(recordId({ file_id, record_number })) ?? null;
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
