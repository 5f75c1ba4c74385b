import type { ClientBase } from 'pg';
import type { ReportDefinition } from '../definition/definition.js';
import { definitionHash } from '../definition/definition-hash.js';
import { differenceTable } from '../sql/table-names.js';
import { buildReport } from './build.js';
import { collectDifferences } from './row-difference.js';
import { stateText, warehouseState } from './warehouse-state.js';

/** A value that readers are served and that a build has otherwise, or a row that only one of them has. */
export interface ServedDifference {
  readonly key: Readonly<Record<string, unknown>>;
  /** `insert`: only in the build; `delete`: only served. */
  readonly change: 'insert' | 'update' | 'delete';
  readonly column: string | null;
  readonly served: string | null;
  readonly built: string | null;
}

export interface ReportComparison {
  readonly report: string;
  readonly rows: number;
  readonly differences: number;
  /** The first of them. */
  readonly shown: readonly ServedDifference[];
}

/** How many differences are listed per report. */
const listed = 20;

/**
 * The as-of day that what is served was built for, where the warehouse stands as it did then; null where it does not, and
 * what is served would rightly differ: a drop is cleaned and not published, a rollback, another definition.
 */
export async function servedAsOf(
  client: ClientBase,
  definitions: readonly ReportDefinition[],
): Promise<string | null> {
  const state = stateText(await warehouseState(client));
  const { rows } = await client.query<{ report: string; hash: string; day: string }>(
    `/* reporting.read_served_states */
     select report, definition_hash as hash, as_of_day::text as day
     from support.report_state where cleaned || ' ' || retired = $1`,
    [state],
  );
  for (const definition of definitions) {
    const hash = await definitionHash(definition);
    if (!rows.some((row) => row.report === definition.name && row.hash === hash)) return null;
  }
  return rows[0]?.day ?? null;
}

/**
 * Builds a report whole from the warehouse as the caller's transaction has it, and compares it with what is served. The
 * build replaces what there was of one: undo the transaction where that is to stay.
 */
export async function compareServed(
  client: ClientBase,
  definition: ReportDefinition,
  asOfDay: string,
): Promise<ReportComparison> {
  const { rows } = await buildReport(client, definition, { asOfDay, runId: null, whole: true });
  const { differences } = await collectDifferences(client, definition, true);
  const shown = await client.query<ServedDifference>(
    `/* reporting.read_served_differences ${definition.name} */
     select row_key as key, change, column_name as column, old_value as served, new_value as built
     from ${differenceTable(definition.name)} order by cell limit ${listed}`,
  );
  return { report: definition.name, rows, differences, shown: shown.rows };
}
