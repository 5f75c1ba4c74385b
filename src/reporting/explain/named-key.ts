import type { Queryable } from '../../database/queryable.js';
import { ident, runSql, sql } from '../../database/sql.js';
import { Fault } from '../../fault.js';
import type { ReportDefinition } from '../definition/definition.js';
import { parseKey, type ReportKey } from '../definition/report-key.js';
import { servedTable } from '../sql/table-names.js';

/**
 * Reads the values of a key. An id can be given as a name: `Drama` for the `genre_id` whose `genre_name` is Drama, in any case.
 *
 * @throws Fault `key_invalid` as `parseKey`, also when no row or several ids have the name
 */
export async function parseNamedKey(
  client: Queryable,
  definition: ReportDefinition,
  values: readonly string[],
): Promise<ReportKey> {
  const { key } = definition;
  if (values.length !== key.length) return parseKey(definition, values);
  const ids: string[] = [];
  for (const [index, value] of values.entries()) {
    const name = nameColumn(definition, key[index]!);
    const isName = name !== undefined && !/^-?\d+$/.test(value);
    ids.push(isName ? await idOf(client, definition, key[index]!, name, value) : value);
  }
  return parseKey(definition, ids);
}

function nameColumn({ columns }: ReportDefinition, keyColumn: string): string | undefined {
  const name = keyColumn.replace(/_id$/, '_name');
  return name !== keyColumn && columns.some((column) => column.name === name) ? name : undefined;
}

async function idOf(
  client: Queryable,
  { name: report }: ReportDefinition,
  column: string,
  nameColumn: string,
  name: string,
): Promise<string> {
  const { rows } = await runSql<{ id: string }>(
    client,
    sql`/* reporting.find_ids_by_name */
      select distinct ${ident(column)}::text as id from ${servedTable(report)}
      where lower(${ident(nameColumn)}) = lower(${name})
      order by id limit 6`,
  );
  if (rows.length === 1) return rows[0]!.id;
  throw new Fault(
    'key_invalid',
    rows.length === 0
      ? `${column} is a whole number or a name, and no row of ${report} has the ${nameColumn} ${name}.`
      : `Several rows of ${report} have the ${nameColumn} ${name}. Give the ${column} instead: ${rows.map(({ id }) => id).join(', ')}.`,
  );
}
