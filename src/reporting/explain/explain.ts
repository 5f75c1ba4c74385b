import type { ClientBase } from 'pg';
import { Fault } from '../../fault.js';
import type { Cause } from '../causes/cause.js';
import type { ReportDefinition } from '../definition/definition.js';
import { keyText, type ReportKey, requireColumn } from '../definition/report-key.js';
import { requireRetained } from '../publications/earlier-state.js';
import { requirePublication } from '../publications/publication.js';
import { byKey, servedTable } from '../sql/table-names.js';

/** One change of a row, or of one of its cells. */
export interface ExplainedChange {
  readonly publication: number;
  readonly publishedDate: Date;
  readonly asOfDay: string;
  /** insert, update or delete. */
  readonly change: string;
  /** Null where the row came or went whole. */
  readonly column: string | null;
  readonly old: string | null;
  readonly new: string | null;
  readonly causes: readonly Cause[];
}

export interface Explanation {
  readonly report: string;
  readonly key: ReportKey;
  /** The state that is compared with: this publication's. */
  readonly from: number;
  readonly to: number;
  readonly changes: readonly ExplainedChange[];
  /** The newest publication that changed the row or the column, where that was before. */
  readonly lastChanged: number | null;
}

export interface ExplainOptions {
  readonly column?: string | undefined;
  /** The publication to compare with; the one before `to` unless told. */
  readonly from?: number | undefined;
  /** The newest publication unless told. */
  readonly to?: number | undefined;
}

/**
 * What changed in a row between two publications, and why. Needs no more than the reader's rights.
 * @throws Fault `column_unknown`, `nothing_published`, `publication_unknown`, `publications_reversed`, `publication_not_retained`;
 *   `row_unknown` when there is no such row and none is known to have been
 */
export async function explain(
  client: Pick<ClientBase, 'query'>,
  definition: ReportDefinition,
  key: ReportKey,
  { column, from, to }: ExplainOptions = {},
): Promise<Explanation> {
  requireColumn(definition, column);
  const range = await publicationRange(client, from, to);
  await requireRetained(client, [definition], range.from);
  const which = [definition.name, JSON.stringify(key), column ?? null];
  // A row that came or went whole changed in all of its columns.
  const matches = `report = $1 and row_key = $2::jsonb and ($3::text is null or column_name is null or column_name = $3)`;
  const { rows: changes } = await client.query<ExplainedChange>(
    `/* reporting.explain */
     select change.publication, publication.published_date as "publishedDate",
       publication.as_of_day::text as "asOfDay", change.change, change.column_name as "column",
       change.old_value as old, change.new_value as new, change.cause as causes
     from reporting.report_change as change
     join reporting.publication on publication.number = change.publication
     where ${matches} and change.publication > $4 and change.publication <= $5
     order by change.id`,
    [...which, range.from, range.to],
  );
  const { rows: last } = await client.query<{ publication: number | null }>(
    `/* reporting.last_changed */
     select max(publication) as publication from reporting.report_change where ${matches} and publication <= $4`,
    [...which, range.from],
  );
  const lastChanged = last[0]!.publication;
  if (changes.length === 0 && lastChanged === null) await requireRow(client, definition, key);
  return { report: definition.name, key, ...range, changes, lastChanged };
}

/**
 * An explanation as JSON text, with old and new values as JSON values: numbers with all their digits, which JavaScript's own
 * would lose; a whole row as an object.
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

async function requireRow(
  client: Pick<ClientBase, 'query'>,
  definition: ReportDefinition,
  key: ReportKey,
): Promise<void> {
  const place = definition.key.length;
  const { rowCount } = await client.query(
    `/* reporting.find_row */
     select from ${servedTable(definition.name)} as served where ${byKey(definition, 'served')}
     union all
     -- One that went since is known by that.
     select from reporting.report_change where report = $${place + 1} and row_key = $${place + 2}::jsonb
     limit 1`,
    [...Object.values(key), definition.name, JSON.stringify(key)],
  );
  if (rowCount === 0) {
    throw new Fault(
      'row_unknown',
      `${definition.name} has no row with ${keyText(key)}, and no change of one is kept.`,
    );
  }
}

async function publicationRange(
  client: Pick<ClientBase, 'query'>,
  from: number | undefined,
  to: number | undefined,
): Promise<{ from: number; to: number }> {
  const newest = await requirePublication(client);
  const range = { from: from ?? (to ?? newest) - 1, to: to ?? newest };
  const beyond = [range.from, range.to].find((number) => number > newest);
  if (beyond !== undefined) {
    throw new Fault(
      'publication_unknown',
      `There is no publication ${beyond}; the newest is ${newest}: see marquee publications.`,
    );
  }
  if (range.from >= range.to) {
    throw new Fault(
      'publications_reversed',
      `Publication ${range.from} is not before ${range.to}; --from takes the earlier one.`,
    );
  }
  return range;
}
