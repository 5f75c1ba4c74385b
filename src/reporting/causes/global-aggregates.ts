import type { ClientBase } from 'pg';
import { contributionsToBe } from '../build/contribution-build.js';
import type { ReportDefinition } from '../definition/definition.js';
import { readReportSql } from '../sql/report-sql.js';
import { columnsOf } from '../sql/table-columns.js';
import { contributionBuildTable, contributionTable } from '../sql/table-names.js';
import type { FieldChange } from './cause.js';

/** What columns take of all contributions, by name. */
export type OfAll = Readonly<Record<string, string | null>>;

/**
 * What columns of a report take of all its published contributions; empty where none does.
 * @param contributions another relation to take it of
 */
export async function readOfAll(
  client: Pick<ClientBase, 'query'>,
  definition: ReportDefinition,
  contributions = contributionTable(definition.name),
): Promise<OfAll> {
  const { ofAll } = await readReportSql(definition);
  if (ofAll === null) return {};
  const { rows } = await client.query<{ made: OfAll }>(
    `/* reporting.of_all ${definition.name} */
     with contribution as (select * from ${contributions} as made)
     select (select jsonb_object_agg(key, value) from jsonb_each_text(to_jsonb(found)) as cell (key, value)) as made
     from (\n${ofAll}\n) as found`,
  );
  // Without any contribution there may be no row.
  return rows[0]?.made ?? {};
}

/**
 * What of that a build changes, before its contributions are made those that are published. Nothing where the contributions
 * have other columns than before, since nobody can say what the old ones would have made.
 * @param whole whether all contributions were built; if not, those of the touched entities
 */
export async function ofAllChanges(
  client: ClientBase,
  definition: ReportDefinition,
  whole: boolean,
): Promise<FieldChange[]> {
  if (!definition.columns.some(({ ofAll }) => ofAll)) return [];
  const [known, built] = [contributionTable(definition.name), contributionBuildTable(definition.name)];
  const columns = await columnsOf(client, known);
  if (columns === null || columns !== (await columnsOf(client, built))) return [];
  const before = await readOfAll(client, definition);
  const after = await readOfAll(client, definition, whole ? built : contributionsToBe(definition));
  return Object.keys(after)
    .map((field) => ({ field, old: before[field] ?? null, new: after[field] ?? null }))
    .filter((change) => change.old !== change.new);
}
