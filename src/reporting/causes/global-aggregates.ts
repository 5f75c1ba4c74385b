import type { ClientBase } from 'pg';
import type { Queryable } from '../../database/queryable.js';
import { raw, runSql, type SqlText, sql } from '../../database/sql.js';
import { mergedContributions } from '../build/contribution-build.js';
import type { ReportDefinition } from '../definition/definition.js';
import { readReportSql } from '../sql/report-sql.js';
import { columnsOf } from '../sql/table-columns.js';
import { contributionBuildTable, contributionTable } from '../sql/table-names.js';
import type { FieldChange } from './cause.js';

/** Aggregates over all contributions of a report, by name. */
export type GlobalAggregates = Readonly<Record<string, string | null>>;

/**
 * The global aggregates of a report; empty if it uses none.
 * @param contributions what to aggregate; by default the published contributions
 */
export async function readGlobalAggregates(
  client: Queryable,
  definition: ReportDefinition,
  contributions: SqlText = contributionTable(definition.name),
): Promise<GlobalAggregates> {
  const { globalAggregates } = await readReportSql(definition);
  if (globalAggregates === null) return {};
  const { rows } = await runSql<{ values: GlobalAggregates }>(
    client,
    sql`/* reporting.read_global_aggregates ${raw(definition.name)} */
      with contribution as (select * from ${contributions} as merged)
      select (
        select jsonb_object_agg(key, value) from jsonb_each_text(to_jsonb(aggregates)) as cell (key, value)
      ) as values
      from (\n${globalAggregates()}\n) as aggregates`,
  );
  // Without any contribution there may be no row.
  return rows[0]?.values ?? {};
}

/**
 * How a build changes the global aggregates, before its contributions are published. Empty if the contributions have other columns than
 * before: the old ones do not have what the new aggregates need.
 * @param whole whether all contributions were built; if not, those of the touched entities
 */
export async function globalAggregateChanges(
  client: ClientBase,
  definition: ReportDefinition,
  whole: boolean,
): Promise<FieldChange[]> {
  if (!definition.columns.some(({ usesGlobalAggregates }) => usesGlobalAggregates)) return [];
  const [known, built] = [contributionTable(definition.name), contributionBuildTable(definition.name)];
  const columns = await columnsOf(client, known);
  if (columns === null || columns !== (await columnsOf(client, built))) return [];
  const before = await readGlobalAggregates(client, definition);
  const after = await readGlobalAggregates(
    client,
    definition,
    whole ? built : mergedContributions(definition),
  );
  return Object.keys(after)
    .map((field) => ({ field, old: before[field] ?? null, new: after[field] ?? null }))
    .filter((change) => change.old !== change.new);
}
