import type { ClientBase } from 'pg';
import type { ReportDefinition } from '../definition/definition.js';
import { definitionHash } from '../definition/definition-hash.js';
import { contributionTable } from '../sql/table-names.js';
import { onlyGrewSince } from './warehouse-state.js';

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
 * where there is none, the definition is another one or was not published last, what was retired changed, a month came
 * late, or the warehouse was made anew.
 */
export async function stateToGoOnFrom(
  client: ClientBase,
  definition: ReportDefinition,
): Promise<ReportState | null> {
  if (definition.contributions === undefined) return null;
  const { rows } = await client.query<ReportState & { cleaned: string; retired: string }>(
    `/* reporting.read_state */
     select publication, as_of_day::text as "asOfDay", cleaned, retired,
       to_char(cleaned_until at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "cleanedUntil"
     from support.report_state
     where report = $1 and definition_hash = $2 and to_regclass($3) is not null
       and (select row_counts ? $1 from reporting.publication order by number desc limit 1)`,
    [definition.name, await definitionHash(definition), contributionTable(definition.name)],
  );
  const [state] = rows;
  return state !== undefined && (await onlyGrewSince(client, state)) ? state : null;
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
