import type { Queryable } from '../../database/queryable.js';
import { runSql, sql } from '../../database/sql.js';
import { Fault } from '../../fault.js';
import type { Cause } from '../causes/cause.js';
import type { ReportDefinition } from '../definition/definition.js';
import { keyText, type ReportKey, requireColumn } from '../definition/report-key.js';
import { requireRetained, unknownPublication } from '../publications/earlier-state.js';
import { requirePublication } from '../publications/publication.js';
import { hasKey } from '../sql/row-sql.js';
import { servedTable } from '../sql/table-names.js';

/** One change of a row, or of one of its cells. */
export interface ExplainedChange {
  readonly publication: number;
  readonly publishedDate: Date;
  readonly asOfDay: string;
  /** insert, update or delete. */
  readonly change: string;
  /** Null if the whole row was inserted or deleted. */
  readonly column: string | null;
  readonly old: string | null;
  readonly new: string | null;
  readonly causes: readonly Cause[];
}

export interface Explanation {
  readonly report: string;
  readonly key: ReportKey;
  /** The publication that is compared with. */
  readonly from: number;
  readonly to: number;
  readonly changes: readonly ExplainedChange[];
  /** The newest publication up to `from` that changed the row or the column; null if there is no such publication. */
  readonly lastChanged: number | null;
}

export interface ExplainOptions {
  readonly column?: string | undefined;
  /** The publication to compare with; by default the one before `to`. */
  readonly from?: number | undefined;
  /** The newest publication by default. */
  readonly to?: number | undefined;
}

/**
 * Lists what changed in a row between two publications, and why. The reader's rights are enough.
 * @throws Fault `column_unknown`, `nothing_published`, `publication_unknown`, `publications_reversed`, `publication_not_retained`;
 *   `row_unknown` when no row has this key and no change of such a row is kept
 */
export async function explain(
  client: Queryable,
  definition: ReportDefinition,
  key: ReportKey,
  { column, from, to }: ExplainOptions = {},
): Promise<Explanation> {
  requireColumn(definition, column);
  const range = await publicationRange(client, from, to);
  await requireRetained(client, [definition], range.from);
  const rowKey = JSON.stringify(key);
  // A row that was inserted or deleted changed in all of its columns.
  const matches =
    column === undefined
      ? sql`report = ${definition.name} and row_key = ${rowKey}::jsonb`
      : sql`report = ${definition.name} and row_key = ${rowKey}::jsonb
          and (column_name is null or column_name = ${column})`;
  const { rows: changes } = await runSql<ExplainedChange>(
    client,
    sql`/* reporting.explain */
      select change.publication, publication.published_date as "publishedDate",
        publication.as_of_day::text as "asOfDay", change.change, change.column_name as "column",
        change.old_value as old, change.new_value as new, change.cause as causes
      from reporting.report_change as change
      join reporting.publication on publication.number = change.publication
      where ${matches} and change.publication > ${range.from} and change.publication <= ${range.to}
      order by change.id`,
  );
  const { rows: last } = await runSql<{ publication: number | null }>(
    client,
    sql`/* reporting.find_last_change */
      select max(publication) as publication from reporting.report_change
      where ${matches} and publication <= ${range.from}`,
  );
  const lastChanged = last[0]!.publication;
  if (changes.length === 0 && lastChanged === null) await requireRow(client, definition, key);
  return { report: definition.name, key, ...range, changes, lastChanged };
}

/**
 * An explanation as JSON text, with old and new values as JSON values: numbers with all their digits, which JavaScript numbers
 * would lose, and a whole row as an object.
 */
export function explanationJson({ columns }: ReportDefinition, explanation: Explanation): string {
  const isNumber = (name: string) =>
    ['int', 'bigint', 'numeric'].includes(columns.find((column) => column.name === name)?.type ?? '');
  const valueJson = (column: string | null, value: string | null) =>
    value === null || column === null || isNumber(column) ? value : JSON.stringify(value);
  const changes = explanation.changes.map(({ old, new: now, causes, ...change }) => {
    const { column } = change;
    const values = `"old":${valueJson(column, old)},"new":${valueJson(column, now)}`;
    return `${JSON.stringify(change).slice(0, -1)},${values},"causes":${JSON.stringify(causes)}}`;
  });
  const { report, key, from, to, lastChanged } = explanation;
  return `${JSON.stringify({ report, key, from, to, lastChanged }).slice(0, -1)},"changes":[${changes.join(',')}]}`;
}

async function requireRow(client: Queryable, definition: ReportDefinition, key: ReportKey): Promise<void> {
  const { rowCount } = await runSql(
    client,
    sql`/* reporting.find_row */
      select from ${servedTable(definition.name)} as served where ${hasKey(definition, 'served', key)}
      union all
      -- A deleted row has a change.
      select from reporting.report_change
      where report = ${definition.name} and row_key = ${JSON.stringify(key)}::jsonb
      limit 1`,
  );
  if (rowCount === 0) {
    throw new Fault(
      'row_unknown',
      `${definition.name} has no row with ${keyText(key)}, and no change of such a row is kept.`,
    );
  }
}

async function publicationRange(
  client: Queryable,
  from: number | undefined,
  to: number | undefined,
): Promise<{ from: number; to: number }> {
  const newest = await requirePublication(client);
  const range = { from: from ?? (to ?? newest) - 1, to: to ?? newest };
  const beyond = [range.from, range.to].find((number) => number > newest);
  if (beyond !== undefined) throw unknownPublication(beyond, newest);
  if (range.from >= range.to) {
    throw new Fault(
      'publications_reversed',
      `Publication ${range.from} is not before ${range.to}. Give the earlier one with --from.`,
    );
  }
  return range;
}
