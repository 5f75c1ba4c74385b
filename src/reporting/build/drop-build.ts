import type { ClientBase } from 'pg';
import type { ReportDefinition } from '../definition/definition.js';
import {
  amountCauseTable,
  buildTable,
  contributionBuildTable,
  contributionChangeTable,
  differenceTable,
  entityTable,
  scopeTable,
} from '../sql/table-names.js';

/** Takes away the build of a report and all that belongs to it, where there is one. */
export async function dropBuild(client: ClientBase, definition: ReportDefinition): Promise<void> {
  const { name } = definition;
  const tables = [buildTable, contributionBuildTable, entityTable, scopeTable].map((table) => table(name));
  await client.query(`/* reporting.drop_build */ drop table if exists ${tables.join(', ')}`);
  await forgetComparison(client, definition);
  await client.query('/* reporting.forget_build */ delete from support.report_build where report = $1', [
    name,
  ]);
}

/** Takes away what was found when a build was compared with what is served. */
export async function forgetComparison(client: ClientBase, { name }: ReportDefinition): Promise<void> {
  const tables = [differenceTable, contributionChangeTable, amountCauseTable].map((table) => table(name));
  await client.query(`/* reporting.drop_comparison */ drop table if exists ${tables.join(', ')}`);
}
