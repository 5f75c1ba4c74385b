import type { ClientBase } from 'pg';
import type { ReportDefinition } from './definition.js';
import { definitionHash } from './definition-hash.js';
import { contributionTable, stockTable } from './sql-names.js';
import { warehouseState } from './warehouse-state.js';

/** What the contributions of a report, as published, were computed from: what a build may go on from. */
export interface ReportState {
  readonly publication: number;
  /** YYYY-MM-DD */
  readonly asOfDay: string;
  /** Up to when files had been cleaned: rows of the warehouse written later are not in it. */
  readonly cleanedUntil: string;
}

/**
 * The state a build may go on from by looking at touched entities alone; null where the report has to be built whole:
 * where there is none, the definition is another one, what was retired changed, a month came late, or the warehouse
 * was made anew.
 */
export async function stateToGoOnFrom(
  client: ClientBase,
  definition: ReportDefinition,
): Promise<ReportState | null> {
  if (definition.contributions === undefined) return null;
  const tables = [
    contributionTable(definition.name),
    ...definition.contributions.stocks.map((stock) => stockTable(stock.name)),
  ];
  const { rows } = await client.query<ReportState & { cleaned: string; retired: string }>(
    `/* reporting.read_state */
     select publication, as_of_day::text as "asOfDay", cleaned, retired,
       to_char(cleaned_until at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "cleanedUntil"
     from support.report_state as state
     where report = $1
       and definition_hash = $2
       and not exists (select from unnest($3::text[]) as needed where to_regclass(needed) is null)
       -- A later file of an earlier month rewrites history in place.
       and not exists (
         select
         from support.file_transform as later
         join source.file as later_file on later_file.id = later.file_id
         join support.file_transform as earlier
           on earlier.table_name = later.table_name and earlier.created_date <= state.cleaned_until
         join source.file as earlier_file on earlier_file.id = earlier.file_id
         where later.created_date > state.cleaned_until
           and (earlier_file.period, earlier_file.id) > (later_file.period, later_file.id)
       )`,
    [definition.name, await definitionHash(definition), tables],
  );
  const [row] = rows;
  if (row === undefined) return null;
  const then = await warehouseState(client, row.cleanedUntil);
  return then.cleaned === row.cleaned && then.retired === row.retired ? row : null;
}

/** Notes what the contributions of a report, as published now, were computed from. */
export async function keepState(
  client: ClientBase,
  definition: ReportDefinition,
  publication: number,
): Promise<void> {
  await client.query(
    `/* reporting.keep_state */
     insert into support.report_state
       (report, publication, as_of_day, definition_hash, cleaned, retired, cleaned_until)
     select report, $2, as_of_day, definition_hash, split_part(warehouse_state, ' ', 1),
       split_part(warehouse_state, ' ', 2), cleaned_until
     from support.report_build
     where report = $1
     on conflict (report) do update
     set publication = excluded.publication, as_of_day = excluded.as_of_day,
       definition_hash = excluded.definition_hash, cleaned = excluded.cleaned, retired = excluded.retired,
       cleaned_until = excluded.cleaned_until`,
    [definition.name, publication],
  );
}

/** Has the next build of these reports be whole. */
export async function forgetStates(client: ClientBase, reports: readonly string[]): Promise<void> {
  await client.query(
    '/* reporting.forget_states */ delete from support.report_state where report = any($1)',
    [reports],
  );
}
