import type { ClientBase } from 'pg';
import { raw, runSql, sql } from '../../database/sql.js';
import type { ReportDefinition } from '../definition/definition.js';
import { definitionHash } from '../definition/definition-hash.js';
import { differenceTable } from '../sql/table-names.js';
import { buildReport } from './build.js';
import { collectDifferences } from './row-difference.js';
import { stateText, warehouseState } from './warehouse-state.js';

/** A cell or a whole row that differs between the published report and a new build. */
export interface PublishedDifference {
  readonly key: Readonly<Record<string, unknown>>;
  /** `insert`: only in the build; `delete`: only published. */
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
  readonly shown: readonly PublishedDifference[];
}

/** Maximum number of differences listed per report. */
const maxListed = 20;

/**
 * The as-of day of the published reports, if the warehouse is still in the state they were built from. Null if not, when a build
 * would rightly differ: a drop is cleaned and not published, a rollback was published, or a definition changed.
 */
export async function publishedAsOf(
  client: ClientBase,
  definitions: readonly ReportDefinition[],
): Promise<string | null> {
  const state = stateText(await warehouseState(client));
  const { rows } = await runSql<{ report: string; hash: string; day: string }>(
    client,
    sql`/* reporting.list_published_states */
      select report, definition_hash as hash, as_of_day::text as day
      from support.report_state where cleaned || ' ' || retired = ${state}`,
  );
  for (const definition of definitions) {
    const hash = await definitionHash(definition);
    if (!rows.some((row) => row.report === definition.name && row.hash === hash)) return null;
  }
  return rows[0]?.day ?? null;
}

/**
 * Builds all rows of a report from the warehouse as the caller's transaction sees it, and compares them with the published rows.
 * Replaces an existing build: roll the transaction back to keep it.
 */
export async function compareWithBuild(
  client: ClientBase,
  definition: ReportDefinition,
  asOfDay: string,
): Promise<ReportComparison> {
  const { rows } = await buildReport(client, definition, { asOfDay, runId: null, whole: true });
  const { differences } = await collectDifferences(client, definition, true);
  const shown = await runSql<PublishedDifference>(
    client,
    sql`/* reporting.list_published_differences ${raw(definition.name)} */
      select row_key as key, change, column_name as column, old_value as served, new_value as built
      from ${differenceTable(definition.name)} order by cell limit ${maxListed}`,
  );
  return { report: definition.name, rows, differences, shown: shown.rows };
}
