import type { ClientBase } from 'pg';
import pg from 'pg';
import type { ReportDefinition } from '../definition/definition.js';
import type { DifferenceCounts } from '../publications/types.js';
import {
  buildTable,
  columnList,
  differenceTable,
  inScope,
  keyObject,
  measures,
  placeOf,
  quoted,
  rowObject,
  sameKey,
  servedTable,
  untouchedByAutovacuum,
} from '../sql/table-names.js';

/**
 * Compares a build with what is served, by key, and collects what differs: a row for each that `report_change` will
 * list, numbered in its order. It has the `cell`'s number, the row's key and `row_key`, its `change`; the `place` of the
 * column in the report, 0 where the row comes or goes whole; the column's name, the old value and the new; whether it
 * `is_first` of its row. Values become text only where they differ, which in most rows of a small month are few.
 * @param whole whether the build has all rows; if not, it has those in its scope
 * @returns how many rows differ, and how many differences there are
 */
export async function collectDifferences(
  client: ClientBase,
  definition: ReportDefinition,
  whole: boolean,
): Promise<DifferenceCounts & { differences: number }> {
  const { key } = definition;
  const table = differenceTable(definition.name);
  const compared = measures(definition).map((column) => ({ ...column, place: placeOf(definition, column) }));
  const [served, built] = [quoted(key[0]!, 'served'), quoted(key[0]!, 'built')];
  const either = key.map(
    (column) => `coalesce(${quoted(column, 'served')}, ${quoted(column, 'built')}) as ${quoted(column)}`,
  );
  const sides = compared.map(
    ({ name, place }) =>
      `${quoted(name, 'served')} as old_${place}, ${quoted(name, 'built')} as new_${place}`,
  );
  const places = compared.map(
    ({ name, place }) =>
      `case when ${quoted(name, 'served')} is distinct from ${quoted(name, 'built')} then ${place} end`,
  );
  const value = (side: 'old' | 'new') =>
    `case cell.place when 0 then ${side}_row ${compared.map(({ place }) => `when ${place} then ${side}_${place}::text`).join(' ')} end`;
  await client.query(
    `/* reporting.collect_differences ${definition.name} */
     create unlogged table ${table} ${untouchedByAutovacuum} as
     select (before + cell.nth)::integer as cell, ${columnList(key, 'numbered')}, row_key, change, cell.place,
       cell.nth = 1 as is_first,
       case cell.place ${compared.map(({ name, place }) => `when ${place} then ${pg.escapeLiteral(name)}`).join(' ')} end as column_name,
       ${value('old')} as old_value,
       ${value('new')} as new_value
     from (
       select compared.*, ${keyObject(definition, 'compared')} as row_key,
         sum(cardinality(places)) over (order by ${columnList(key)} rows unbounded preceding) - cardinality(places) as before
       from (
         select ${[...either, ...sides].join(', ')},
           case when ${served} is null then 'insert' when ${built} is null then 'delete' else 'update' end as change,
           case when ${built} is null then ${rowObject(definition, 'served')} end as old_row,
           case when ${served} is null then ${rowObject(definition, 'built')} end as new_row,
           case when ${served} is null or ${built} is null then array[0]
             else array_remove(array[${places.join(', ')}]::integer[], null) end as places
         from ${whole ? servedTable(definition.name) : servedInScope(definition)} as served
         full join ${buildTable(definition.name)} as built on ${sameKey(definition, 'served', 'built')}
         offset 0 -- so that places are found once
       ) as compared
       where cardinality(places) > 0
     ) as numbered
     cross join lateral unnest(numbered.places) with ordinality as cell (place, nth)`,
  );
  await client.query(
    `/* reporting.analyze_differences */ analyze ${table} (${columnList(key)}, change, place, is_first)`,
  );
  const { rows } = await client.query<DifferenceCounts & { differences: number }>(
    `/* reporting.count_differences */
     select count(*) filter (where change = 'insert')::integer as inserted,
       count(*) filter (where change = 'update' and is_first)::integer as updated,
       count(*) filter (where change = 'delete')::integer as deleted,
       count(*)::integer as differences
     from ${table}`,
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
     delete from ${table} as served using ${differenceTable(definition.name)} as difference
     where difference.change = 'delete' and ${sameKey(definition, 'served', 'difference')}`,
  );
  await client.query(
    `/* reporting.update_rows ${definition.name} */
     update ${table} as served set ${assignments.join(', ')}
     from ${differenceTable(definition.name)} as difference
     join ${build} as built on ${sameKey(definition, 'built', 'difference')}
     where difference.change = 'update' and difference.is_first and ${sameKey(definition, 'served', 'difference')}`,
  );
  await client.query(
    `/* reporting.insert_rows ${definition.name} */
     insert into ${table} (${columnList(columns)})
     select ${columnList(columns, 'built')}
     from ${build} as built
     join ${differenceTable(definition.name)} as difference on ${sameKey(definition, 'built', 'difference')}
     where difference.change = 'insert'`,
  );
}

/**
 * Fills a table that was not published before. It has rows all the same where an earlier publication had the report and the
 * last one had not: of a definition that was taken away and came back.
 */
export async function insertBuild(client: ClientBase, definition: ReportDefinition): Promise<void> {
  const columns = columnList(definition.columns.map((column) => column.name));
  await client.query(
    `/* reporting.empty_served ${definition.name} */ delete from ${servedTable(definition.name)}`,
  );
  await client.query(
    `/* reporting.insert_build ${definition.name} */
     insert into ${servedTable(definition.name)} (${columns})
     select ${columns} from ${buildTable(definition.name)} order by ${columnList(definition.key)}`,
  );
  await client.query(`/* reporting.analyze_served */ analyze ${servedTable(definition.name)}`);
}
