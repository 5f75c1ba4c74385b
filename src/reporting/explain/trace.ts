import pg from 'pg';
import type { Queryable } from '../../database/queryable.js';
import { Fault } from '../../fault.js';
import { type OfAll, readOfAll } from '../causes/global-aggregates.js';
import type { ReportColumn, ReportDefinition } from '../definition/definition.js';
import { keyText, type ReportKey, requireColumn } from '../definition/report-key.js';
import { requirePublication } from '../publications/publication.js';
import { readPublicationState } from '../publications/publication-state.js';
import { columnsOf } from '../sql/table-columns.js';
import { byKey, contributionTable, quoted, servedTable } from '../sql/table-names.js';
import { placeOf, type RawRecord, rawRecords } from './raw-records.js';
import { summedInto, type TracedSum } from './rollup-trace.js';
import { linksOf, shownRows, type TracedRow } from './traced-rows.js';

/** An entity behind a cell, and where what it brings was said. */
export interface TracedEntity {
  readonly entity: number;
  readonly name: string | null;
  readonly counted: boolean;
  /** Why it does not count; null where it does. */
  readonly why: string | null;
  /** What it adds, by summed column; null where unknown. */
  readonly amounts: Readonly<Record<string, string | null>>;
  /** The row of the warehouse. */
  readonly version: number;
  /** The file's number: a month may have two files of a name. */
  readonly fileId: number;
  readonly file: string;
  readonly period: string;
  readonly record: number;
  /** The mapping it was cleaned with. */
  readonly mappingVersion: number;
  /** The record as sent, field by field. */
  readonly raw: RawRecord | null;
  /** By what it is in the row, where its own record may not say so: each link, and the record that said it. */
  readonly links: readonly TracedRow[];
  /** The records that are summed into its amounts; null where there are none such, or not for this column. */
  readonly summed: TracedSum | null;
}

export interface Trace {
  readonly report: string;
  readonly key: ReportKey;
  readonly publication: number;
  readonly asOfDay: string;
  /** The row as served. */
  readonly row: Readonly<Record<string, string | null>>;
  /** What the row shows of what its entities are linked to. */
  readonly shown: readonly TracedRow[];
  /** What the column follows from besides, by name: made of what all entities bring. Empty where it follows from none. */
  readonly ofAll: OfAll;
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
 * What stands behind a row as it is served, or behind one cell of it: every entity that counts or is left out, down to
 * the record. Needs the pipeline's rights, since it shows what was sent.
 * @throws Fault `column_unknown`; `nothing_published`; `row_unknown` when nothing is served
 *   under the key; `trace_unavailable` when the report has no contributions to trace by
 */
export async function trace(
  client: Queryable,
  definition: ReportDefinition,
  key: ReportKey,
  column?: string,
): Promise<Trace> {
  requireColumn(definition, column);
  const row = await servedRow(client, definition, key);
  const contributions = await contributionsOf(client, definition, key);
  const raw = await rawRecords(client, contributions);
  const links = await linksOf(client, definition, key, row.publication);
  const shownOfLinked = await shownRows(client, definition, key, row.publication, column);
  const made = definition.columns.find(({ name }) => name === column);
  const ofAll = made?.ofAll ? await readOfAll(client, definition) : {};
  const summed = await sumsOf(client, definition, contributions, row.publication, column);
  const entities = contributions.map((contribution): TracedEntity => {
    const { entity, entity_name: name, left_out: leftOut, amounts } = contribution;
    const shown = made?.basis ?? column;
    const why = whyNot(made, shown, leftOut, amounts);
    return {
      entity,
      name,
      counted: why === null,
      why,
      amounts: amountsShown(made, shown, amounts),
      version: Number(contribution.version),
      fileId: contribution.file_id,
      file: contribution.file,
      period: contribution.period,
      record: contribution.record_number,
      mappingVersion: contribution.mappingVersion,
      raw: raw.get(placeOf(contribution)) ?? null,
      links: [...(links.get(entity) ?? []), ...(summed.get(entity)?.links ?? [])],
      summed: summed.get(entity)?.sum ?? null,
    };
  });
  return { report: definition.name, key, ...row, shown: shownOfLinked, ofAll, entities };
}

/** Why an entity does not count in a cell, or in the row where none is asked for; null where it counts. */
function whyNot(
  made: ReportColumn | undefined,
  shown: string | undefined,
  leftOut: string | null,
  amounts: Readonly<Record<string, string | null>>,
): string | null {
  const unknown = shown !== undefined && amounts[shown] === null ? `unknown ${shown}` : null;
  if (made?.ofLeftOut) return leftOut === null ? 'counted in the other columns' : unknown;
  return leftOut ?? unknown;
}

function amountsShown(
  made: ReportColumn | undefined,
  shown: string | undefined,
  amounts: ContributionRow['amounts'],
): ContributionRow['amounts'] {
  const parts = made?.parts ?? (shown !== undefined && shown in amounts ? [shown] : Object.keys(amounts));
  return Object.fromEntries(parts.map((part) => [part, amounts[part] ?? null]));
}

/** What is summed into the amounts of each entity, where the column is made of such, or none is asked for. */
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

async function servedRow(
  client: Queryable,
  definition: ReportDefinition,
  key: ReportKey,
): Promise<Pick<Trace, 'publication' | 'asOfDay' | 'row'>> {
  const cells = definition.columns.map(({ name }) => `${quoted(name, 'served')}::text as ${quoted(name)}`);
  const { rows } = await client.query<{ publication: number; asOfDay: string; row: Trace['row'] }>(
    `/* reporting.served_row */
     select number as publication, as_of_day::text as "asOfDay", to_json(cells) as row
     from (select ${cells.join(', ')} from ${servedTable(definition.name)} as served where ${byKey(definition, 'served')}) as cells
     cross join (select number, as_of_day from reporting.publication order by number desc limit 1) as publication`,
    Object.values(key),
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
      `What ${name} was computed from is not kept; marquee rebuild --full computes it again.`,
    );
  }
  const known = new Set(columns.split(',').map((column) => column.split(' ')[0]));
  const summed = definition.columns
    .filter((column) => column.sum !== undefined && known.has(column.name))
    .map(({ name: column, sum }) => {
      const amount = quoted(column, 'contribution');
      const shown = sum!.places === undefined ? amount : `round(${amount}, ${sum!.places})`;
      return `${pg.escapeLiteral(column)}, ${shown}::text`;
    });
  const bases = new Set(definition.columns.flatMap(({ basis, parts }) => [basis ?? [], parts ?? []].flat()));
  const based = [...bases]
    .filter((column) => known.has(column))
    .map((column) => `${pg.escapeLiteral(column)}, ${quoted(column, 'contribution')}::text`);
  const amounts = [...summed, ...based];
  const { rows } = await client.query<ContributionRow>(
    `/* reporting.trace ${name} */
     select entity, entity_name, version, contribution.file_id, record_number, left_out,
       json_build_object(${amounts.join(', ')}) as amounts,
       file.name as file, file.feed, file.period,
       (
         select mapping_version from support.file_transform as transform
         where transform.file_id = file.id and transform.table_name = $${definition.key.length + 1}
       ) as "mappingVersion"
     from ${table} as contribution
     join source.file on file.id = contribution.file_id
     where ${byKey(definition, 'contribution')}
     order by left_out nulls first, entity`,
    [...Object.values(key), contributions.entityTable],
  );
  return rows;
}
