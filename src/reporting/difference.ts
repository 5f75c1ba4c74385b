import type { ClientBase } from 'pg';
import type { ReportDefinition } from './definition.js';
import {
  buildTable,
  columnList,
  inScope,
  measures,
  quoted,
  rowObject,
  sameKey,
  servedTable,
} from './sql-names.js';

/** How many rows of a report a publication brings, alters and takes. */
export interface DifferenceCounts {
  inserted: number;
  updated: number;
  deleted: number;
}

/** Where the differences of a report are collected; ends with the transaction. */
export function differenceTable(definition: ReportDefinition): string {
  return `pg_temp.${quoted(differenceName(definition))}`;
}

function differenceName(definition: ReportDefinition): string {
  return `difference_${definition.name}`;
}

/**
 * Compares a build with what is served, by key, and collects what differs.
 * @param whole whether the build has all rows; if not, it has those in its scope
 */
export async function collectDifferences(
  client: ClientBase,
  definition: ReportDefinition,
  whole: boolean,
): Promise<DifferenceCounts> {
  const [firstKey] = definition.key;
  const rest = measures(definition).map((column) => column.name);
  const key = definition.key.map(
    (column) => `coalesce(${quoted(column, 'served')}, ${quoted(column, 'built')}) as ${quoted(column)}`,
  );
  const served = quoted(firstKey!, 'served');
  const built = quoted(firstKey!, 'built');
  await client.query(
    `/* reporting.collect_differences ${definition.name} */
     create temporary table ${quoted(differenceName(definition))} on commit drop as
     select ${key.join(', ')},
       case when ${served} is null then 'insert' when ${built} is null then 'delete' else 'update' end as change,
       case when ${served} is not null then ${rowObject(definition, 'served')} end as old_row,
       case when ${built} is not null then ${rowObject(definition, 'built')} end as new_row
     from ${whole ? servedTable(definition.name) : servedInScope(definition)} as served
     full join ${buildTable(definition.name)} as built on ${sameKey(definition, 'served', 'built')}
     where ${served} is null
       or ${built} is null
       or (${columnList(rest, 'served')}) is distinct from (${columnList(rest, 'built')})`,
  );
  await client.query(`/* reporting.analyze_differences */ analyze ${differenceTable(definition)}`);
  const { rows } = await client.query<DifferenceCounts>(
    `/* reporting.count_differences */
     select count(*) filter (where change = 'insert')::integer as inserted,
       count(*) filter (where change = 'update')::integer as updated,
       count(*) filter (where change = 'delete')::integer as deleted
     from ${differenceTable(definition)}`,
  );
  return rows[0]!;
}

function servedInScope(definition: ReportDefinition): string {
  return `(select * from ${servedTable(definition.name)} as row where ${inScope(definition, 'row')})`;
}

/** Makes the served table equal to the build by the collected differences alone. */
export async function applyDifferences(client: ClientBase, definition: ReportDefinition): Promise<void> {
  const table = servedTable(definition.name);
  const build = buildTable(definition.name);
  const columns = definition.columns.map((column) => column.name);
  const assignments = measures(definition).map(({ name }) => `${quoted(name)} = ${quoted(name, 'built')}`);
  await client.query(
    `/* reporting.delete_rows ${definition.name} */
     delete from ${table} as served using ${differenceTable(definition)} as difference
     where difference.change = 'delete' and ${sameKey(definition, 'served', 'difference')}`,
  );
  await client.query(
    `/* reporting.update_rows ${definition.name} */
     update ${table} as served set ${assignments.join(', ')}
     from ${differenceTable(definition)} as difference
     join ${build} as built on ${sameKey(definition, 'built', 'difference')}
     where difference.change = 'update' and ${sameKey(definition, 'served', 'difference')}`,
  );
  await client.query(
    `/* reporting.insert_rows ${definition.name} */
     insert into ${table} (${columnList(columns)})
     select ${columnList(columns, 'built')}
     from ${build} as built
     join ${differenceTable(definition)} as difference on ${sameKey(definition, 'built', 'difference')}
     where difference.change = 'insert'`,
  );
}

/** Fills a table that was never published. */
export async function insertBuild(client: ClientBase, definition: ReportDefinition): Promise<void> {
  const columns = columnList(definition.columns.map((column) => column.name));
  await client.query(
    `/* reporting.insert_build ${definition.name} */
     insert into ${servedTable(definition.name)} (${columns})
     select ${columns} from ${buildTable(definition.name)} order by ${columnList(definition.key)}`,
  );
  await client.query(`/* reporting.analyze_served */ analyze ${servedTable(definition.name)}`);
}
