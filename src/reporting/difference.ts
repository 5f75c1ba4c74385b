import type { ClientBase } from 'pg';
import type { ReportDefinition } from './definition.js';
import {
  buildTable,
  columnList,
  keyObject,
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
function differenceTable(definition: ReportDefinition): string {
  return `pg_temp.${quoted(`difference_${definition.name}`)}`;
}

/** Compares a build with what is served, by key, and collects what differs. */
export async function collectDifferences(
  client: ClientBase,
  definition: ReportDefinition,
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
     create temporary table ${quoted(`difference_${definition.name}`)} on commit drop as
     select ${key.join(', ')},
       case when ${served} is null then 'insert' when ${built} is null then 'delete' else 'update' end as change,
       case when ${served} is not null then ${rowObject(definition, 'served')} end as old_row,
       case when ${built} is not null then ${rowObject(definition, 'built')} end as new_row
     from ${servedTable(definition.name)} as served
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
}

/** Writes the collected differences to `report_change`: a row that came or went whole, an update cell by cell. */
export async function recordDifferences(
  client: ClientBase,
  definition: ReportDefinition,
  publication: number,
  cause: readonly unknown[],
): Promise<void> {
  await client.query(
    `/* reporting.record_differences ${definition.name} */
     insert into reporting.report_change
       (publication, report, row_key, change, column_name, old_value, new_value, cause)
     select $1, $2, ${keyObject(definition, 'difference')}, difference.change, cell.column_name,
       cell.old_value, cell.new_value, $3::jsonb
     from ${differenceTable(definition)} as difference
     cross join lateral (
       select null::text as column_name, difference.old_row as old_value, difference.new_row as new_value, 0 as place
       where difference.change <> 'update'
       union all
       select old_cell.key, old_cell.value, new_cell.value, old_cell.place
       from json_each_text(difference.old_row::json) with ordinality as old_cell (key, value, place)
       join json_each_text(difference.new_row::json) as new_cell (key, value) on new_cell.key = old_cell.key
       where difference.change = 'update' and old_cell.value is distinct from new_cell.value
     ) as cell
     order by ${columnList(definition.key, 'difference')}, cell.place`,
    [publication, definition.name, JSON.stringify(cause)],
  );
}
