import type { ClientBase } from 'pg';
import type { ReportDefinition } from './definition.js';
import { buildTable, contributionBuildTable, entityTable, scopeTable } from './sql-names.js';

/** Takes away the build of a report and all that belongs to it, where there is one. */
export async function dropBuild(client: ClientBase, definition: ReportDefinition): Promise<void> {
  const { name } = definition;
  const tables = [buildTable(name), contributionBuildTable(name), entityTable(name), scopeTable(name)];
  await client.query(`/* reporting.drop_build */ drop table if exists ${tables.join(', ')}`);
  await client.query('/* reporting.forget_build */ delete from support.report_build where report = $1', [
    name,
  ]);
}
