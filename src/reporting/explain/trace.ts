import type { Queryable } from '../../database/queryable.js';
import { literal, raw, runSql, sql } from '../../database/sql.js';
import { Fault } from '../../fault.js';
import { type GlobalAggregates, readGlobalAggregates } from '../causes/global-aggregates.js';
import type { ReportColumn, ReportDefinition } from '../definition/definition.js';
import { keyText, type ReportKey, requireColumn } from '../definition/report-key.js';
import { requirePublication } from '../publications/publication.js';
import { readPublicationState } from '../publications/publication-state.js';
import { columnOf, hasKey, listOf } from '../sql/row-sql.js';
import { columnsOf, columnTypes } from '../sql/table-columns.js';
import { contributionTable, servedTable } from '../sql/table-names.js';
import { type RawRecord, rawRecords, recordId } from './raw-records.js';
import { summedInto, type TracedSum } from './rollup-trace.js';
import { linksOf, shownRows, type TracedRow } from './traced-rows.js';

/** An entity that a cell is computed from, with the record it comes from. */
export interface TracedEntity {
  readonly entity: number;
  readonly name: string | null;
  readonly counted: boolean;
  /** Why it does not count; null if it counts. */
  readonly why: string | null;
  /** The amounts it contributes, by summed column; null where unknown. */
  readonly amounts: Readonly<Record<string, string | null>>;
  /** The version of the warehouse row. */
  readonly version: number;
  /** The file's id: a month may have two files with the same name. */
  readonly fileId: number;
  readonly file: string;
  readonly period: string;
  readonly record: number;
  /** The mapping it was cleaned with. */
  readonly mappingVersion: number;
  /** The record as sent, field by field. */
  readonly raw: RawRecord | null;
  /** The links that put it into the row, each with its record: the own record may not mention them. */
  readonly links: readonly TracedRow[];
  /** The records that are summed into its amounts; null if the report or this column has none. */
  readonly summed: TracedSum | null;
}

export interface Trace {
  readonly report: string;
  readonly key: ReportKey;
  readonly publication: number;
  readonly asOfDay: string;
  /** The row as published. */
  readonly row: Readonly<Record<string, string | null>>;
  /** The linked rows that the row shows columns of. */
  readonly shown: readonly TracedRow[];
  /** The global aggregates that the column depends on, by name; empty if it depends on none. */
  readonly ofAll: GlobalAggregates;
  readonly entities: readonly TracedEntity[];
}

interface ContributionRow {
  entity: number;
  entity_name: string | null;
  version: string;
  file_id: number;
  record_number: number;
  left_out: string | null;
  amounts: Record<string, string | null>;
  file: string;
  feed: string;
  period: string;
  mappingVersion: number;
}

/**
 * Traces a published row, or one cell of it: every entity that counts or is left out, down to the record. Needs the pipeline's
 * rights, since it shows records as sent.
 * @throws Fault `column_unknown`; `nothing_published`; `row_unknown` when no row has this key; `trace_unavailable` when the
 *   contributions of the report are not kept
 */
export async function trace(
  client: Queryable,
  definition: ReportDefinition,
  key: ReportKey,
  column?: string,
): Promise<Trace> {
  requireColumn(definition, column);
  const row = await publishedRow(client, definition, key);
  const contributions = await contributionsOf(client, definition, key);
  const records = await rawRecords(client, contributions);
  const links = await linksOf(client, definition, key, row.publication);
  const shownOfLinked = await shownRows(client, definition, key, row.publication, column);
  const traced = definition.columns.find(({ name }) => name === column);
  const ofAll = traced?.usesGlobalAggregates ? await readGlobalAggregates(client, definition) : {};
  const summed = await sumsOf(client, definition, contributions, row.publication, column);
  const entities = contributions.map((contribution): TracedEntity => {
    const { entity, entity_name: name, left_out: leftOut, amounts } = contribution;
    const shown = traced?.basis ?? column;
    const why = whyNot(traced, shown, leftOut, amounts);
    return {
      entity,
      name,
      counted: why === null,
      why,
      amounts: amountsShown(traced, shown, amounts),
      version: Number(contribution.version),
      fileId: contribution.file_id,
      file: contribution.file,
      period: contribution.period,
      record: contribution.record_number,
      mappingVersion: contribution.mappingVersion,
      raw: records.get(recordId(contribution)) ?? null,
      links: [...(links.get(entity) ?? []), ...(summed.get(entity)?.links ?? [])],
      summed: summed.get(entity)?.sum ?? null,
    };
  });
  return { report: definition.name, key, ...row, shown: shownOfLinked, ofAll, entities };
}

/** Why an entity does not count in a cell, or in the row if no column is given; null if it counts. */
function whyNot(
  traced: ReportColumn | undefined,
  shown: string | undefined,
  leftOut: string | null,
  amounts: Readonly<Record<string, string | null>>,
): string | null {
  const unknown = shown !== undefined && amounts[shown] === null ? `unknown ${shown}` : null;
  if (traced?.ofLeftOut) return leftOut === null ? 'counted in the other columns' : unknown;
  return leftOut ?? unknown;
}

function amountsShown(
  traced: ReportColumn | undefined,
  shown: string | undefined,
  amounts: ContributionRow['amounts'],
): ContributionRow['amounts'] {
  const parts = traced?.parts ?? (shown !== undefined && shown in amounts ? [shown] : Object.keys(amounts));
  return Object.fromEntries(parts.map((part) => [part, amounts[part] ?? null]));
}

/** The records that are summed into the amounts of each entity, if the column is computed from them or no column is given. */
async function sumsOf(
  client: Queryable,
  { contributions }: ReportDefinition,
  rows: readonly ContributionRow[],
  publication: number,
  column: string | undefined,
): Promise<ReadonlyMap<number, { links: readonly TracedRow[]; sum: TracedSum }>> {
  const summed = contributions?.summed;
  const sums = new Map<number, { links: readonly TracedRow[]; sum: TracedSum }>();
  if (summed === undefined || (column !== undefined && !summed.columns.includes(column))) return sums;
  const { builtDate } = await readPublicationState(client, publication);
  for (const { entity, amounts } of rows) {
    const { links, files } = await summedInto(client, summed, entity, builtDate);
    const count = files.reduce((total, file) => total + file.count, 0);
    const missing = Number(amounts[summed.count] ?? 0) - count;
    sums.set(entity, { links, sum: { table: summed.table, count, missing, files } });
  }
  return sums;
}

async function publishedRow(
  client: Queryable,
  definition: ReportDefinition,
  key: ReportKey,
): Promise<Pick<Trace, 'publication' | 'asOfDay' | 'row'>> {
  const cells = definition.columns.map(
    ({ name }) => sql`${columnOf(name, 'served')}::text as ${columnOf(name)}`,
  );
  const { rows } = await runSql<{ publication: number; asOfDay: string; row: Trace['row'] }>(
    client,
    sql`/* reporting.read_published_row */
      select number as publication, as_of_day::text as "asOfDay", to_json(cells) as row
      from (
        select ${listOf(cells)}
        from ${servedTable(definition.name)} as served
        where ${hasKey(definition, 'served', key)}
      ) as cells
      cross join (
        select number, as_of_day from reporting.publication order by number desc limit 1
      ) as publication`,
  );
  if (rows[0] === undefined) {
    await requirePublication(client);
    throw new Fault('row_unknown', `${definition.name} has no row with ${keyText(key)}.`);
  }
  return rows[0];
}

async function contributionsOf(
  client: Queryable,
  definition: ReportDefinition,
  key: ReportKey,
): Promise<ContributionRow[]> {
  const { name, contributions } = definition;
  const table = contributionTable(name);
  const columns = await columnsOf(client, table);
  if (contributions === undefined || columns === null) {
    throw new Fault(
      'trace_unavailable',
      `The contributions of ${name} are not kept. Run marquee rebuild --full to compute them again.`,
    );
  }
  const known = columnTypes(columns);
  const summed = definition.columns
    .filter((column) => column.sum !== undefined && known.has(column.name))
    .map(({ name: column, sum }) => {
      const amount = columnOf(column, 'contribution');
      const shown = sum!.places === undefined ? amount : sql`round(${amount}, ${raw(String(sum!.places))})`;
      return sql`${literal(column)}, ${shown}::text`;
    });
  const inputs = new Set(definition.columns.flatMap(({ basis, parts }) => [basis ?? [], parts ?? []].flat()));
  const others = [...inputs]
    .filter((column) => known.has(column))
    .map((column) => sql`${literal(column)}, ${columnOf(column, 'contribution')}::text`);
  const { rows } = await runSql<ContributionRow>(
    client,
    sql`/* reporting.trace_contributions ${raw(name)} */
      select entity, entity_name, version, contribution.file_id, record_number, left_out,
        json_build_object(${listOf([...summed, ...others])}) as amounts,
        file.name as file, file.feed, file.period,
        (
          select mapping_version from support.file_transform as transform
          where transform.file_id = file.id and transform.table_name = ${contributions.entityTable}
        ) as "mappingVersion"
      from ${table} as contribution
      join source.file on file.id = contribution.file_id
      where ${hasKey(definition, 'contribution', key)}
      order by left_out nulls first, entity`,
  );
  return rows;
}
