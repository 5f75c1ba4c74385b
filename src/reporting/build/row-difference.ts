import type { ClientBase } from 'pg';
import { ident, joined, literal, raw, runSql, type SqlText, sql } from '../../database/sql.js';
import { sqlFile } from '../../database/sql-file.js';
import type { ReportDefinition } from '../definition/definition.js';
import type { DifferenceCounts } from '../publications/types.js';
import {
  columnList,
  columnOf,
  columnPosition,
  inScope,
  keyObject,
  listOf,
  measures,
  rowObject,
  sameKey,
} from '../sql/row-sql.js';
import { buildTable, differenceTable, servedTable, withoutAutovacuum } from '../sql/table-names.js';

const differenceQuery = sqlFile(new URL('sql/collect-differences.sql', import.meta.url));

/**
 * Compares a build with the published rows and collects the differences in a table, see `sql/collect-differences.sql`.
 * @param whole whether the build has all rows; if not, it has the rows in its scope
 * @returns how many rows differ, and how many differences there are
 */
export async function collectDifferences(
  client: ClientBase,
  definition: ReportDefinition,
  whole: boolean,
): Promise<DifferenceCounts & { differences: number }> {
  const table = differenceTable(definition.name);
  await runSql(
    client,
    sql`/* reporting.collect_differences ${raw(definition.name)} */
      create unlogged table ${table} ${withoutAutovacuum} as ${differences(definition, whole)}`,
  );
  await runSql(
    client,
    sql`/* reporting.analyze_differences */
      analyze ${table} (${columnList(definition.key)}, change, column_position, is_first)`,
  );
  const { rows } = await runSql<DifferenceCounts & { differences: number }>(
    client,
    sql`/* reporting.count_differences */
      select count(*) filter (where change = 'insert')::integer as inserted,
        count(*) filter (where change = 'update' and is_first)::integer as updated,
        count(*) filter (where change = 'delete')::integer as deleted,
        count(*)::integer as differences
      from ${table}`,
  );
  return rows[0]!;
}

function differences(definition: ReportDefinition, whole: boolean): SqlText {
  const { key, name } = definition;
  const compared = measures(definition).map((column) => ({
    served: columnOf(column.name, 'served'),
    built: columnOf(column.name, 'built'),
    label: literal(column.name),
    position: raw(String(columnPosition(definition, column))),
  }));
  const keyOfEither = key.map(
    (column) =>
      sql`coalesce(${columnOf(column, 'served')}, ${columnOf(column, 'built')}) as ${columnOf(column)}`,
  );
  const oldAndNew = compared.map(
    ({ served, built, position }) => sql`${served} as old_${position}, ${built} as new_${position}`,
  );
  const changed = compared.map(
    ({ served, built, position }) => sql`case when ${served} is distinct from ${built} then ${position} end`,
  );
  const value = (side: SqlText) => {
    const cells = compared.map(({ position }) => sql`when ${position} then ${side}_${position}::text`);
    return sql`case cell.column_position when 0 then ${side}_row ${joined(cells, ' ')} end`;
  };
  const labels = compared.map(({ label, position }) => sql`when ${position} then ${label}`);
  return differenceQuery({
    key: columnList(key),
    numbered_key: columnList(key, 'numbered'),
    row_key: keyObject(definition, 'compared'),
    key_and_values: listOf([...keyOfEither, ...oldAndNew]),
    is_missing_in_published: sql`${columnOf(key[0]!, 'served')} is null`,
    is_missing_in_build: sql`${columnOf(key[0]!, 'built')} is null`,
    published_row: rowObject(definition, 'served'),
    built_row: rowObject(definition, 'built'),
    changed_positions: listOf(changed),
    column_name: sql`case cell.column_position ${joined(labels, ' ')} end`,
    old_value: value(raw('old')),
    new_value: value(raw('new')),
    published: whole ? servedTable(name) : publishedInScope(definition),
    built: buildTable(name),
    same_key: sameKey(definition, 'served', 'built'),
  });
}

function publishedInScope(definition: ReportDefinition): SqlText {
  return sql`(select * from ${servedTable(definition.name)} as served where ${inScope(definition, 'served')})`;
}

/** Makes the published rows equal to the build by applying the collected differences. */
export async function applyDifferences(client: ClientBase, definition: ReportDefinition): Promise<void> {
  const { name } = definition;
  const served = servedTable(name);
  const difference = differenceTable(name);
  const columns = definition.columns.map((column) => column.name);
  const assignments = measures(definition).map(
    (column) => sql`${ident(column.name)} = ${columnOf(column.name, 'built')}`,
  );
  await runSql(
    client,
    sql`/* reporting.delete_rows ${raw(name)} */
      delete from ${served} as served using ${difference} as difference
      where difference.change = 'delete' and ${sameKey(definition, 'served', 'difference')}`,
  );
  await runSql(
    client,
    sql`/* reporting.update_rows ${raw(name)} */
      update ${served} as served set ${listOf(assignments)}
      from ${difference} as difference
      join ${buildTable(name)} as built on ${sameKey(definition, 'built', 'difference')}
      where difference.change = 'update' and difference.is_first and ${sameKey(definition, 'served', 'difference')}`,
  );
  await runSql(
    client,
    sql`/* reporting.insert_rows ${raw(name)} */
      insert into ${served} (${columnList(columns)})
      select ${columnList(columns, 'built')}
      from ${buildTable(name)} as built
      join ${difference} as difference on ${sameKey(definition, 'built', 'difference')}
      where difference.change = 'insert'`,
  );
}

/**
 * Fills the table of a report that the last publication did not have. The table may still contain rows: those of a definition that
 * was removed and added again.
 */
export async function insertBuild(client: ClientBase, definition: ReportDefinition): Promise<void> {
  const { name } = definition;
  const served = servedTable(name);
  const columns = columnList(definition.columns.map((column) => column.name));
  await runSql(client, sql`/* reporting.empty_published ${raw(name)} */ delete from ${served}`);
  await runSql(
    client,
    sql`/* reporting.insert_build ${raw(name)} */
      insert into ${served} (${columns})
      select ${columns} from ${buildTable(name)} order by ${columnList(definition.key)}`,
  );
  await runSql(client, sql`/* reporting.analyze_published */ analyze ${served}`);
}
