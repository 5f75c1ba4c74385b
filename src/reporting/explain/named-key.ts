import type { ClientBase } from 'pg';
import { Fault } from '../../fault.js';
import type { ReportDefinition } from '../definition/definition.js';
import { parseKey, type ReportKey } from '../definition/report-key.js';
import { quoted, servedTable } from '../sql/table-names.js';

/**
 * Reads the values of a key, of which ids may be given as names: `Drama` for the id in `genre_id` whose `genre_name` is
 * Drama, in any case.
 *
 * @throws Fault `key_invalid` as `parseKey`, also when a name is of no row or of several ids
 */
export async function parseNamedKey(
  client: Pick<ClientBase, 'query'>,
  definition: ReportDefinition,
  values: readonly string[],
): Promise<ReportKey> {
  const { key } = definition;
  if (values.length !== key.length) return parseKey(definition, values);
  const ids: string[] = [];
  for (const [place, value] of values.entries()) {
    const name = nameColumn(definition, key[place]!);
    const isName = name !== undefined && !/^-?\d+$/.test(value);
    ids.push(isName ? await idOf(client, definition, key[place]!, name, value) : value);
  }
  return parseKey(definition, ids);
}

function nameColumn({ columns }: ReportDefinition, keyColumn: string): string | undefined {
  const name = keyColumn.replace(/_id$/, '_name');
  return name !== keyColumn && columns.some((column) => column.name === name) ? name : undefined;
}

async function idOf(
  client: Pick<ClientBase, 'query'>,
  { name: report }: ReportDefinition,
  column: string,
  nameColumn: string,
  name: string,
): Promise<string> {
  const { rows } = await client.query<{ id: string }>(
    `/* reporting.find_ids_by_name */
     select distinct ${quoted(column)}::text as id from ${servedTable(report)} where lower(${quoted(nameColumn)}) = lower($1)
     order by id limit 6`,
    [name],
  );
  if (rows.length === 1) return rows[0]!.id;
  throw new Fault(
    'key_invalid',
    rows.length === 0
      ? `${column} is a whole number or a name, and no row of ${report} has the ${nameColumn} ${name}.`
      : `Several rows of ${report} have the ${nameColumn} ${name}. Give the ${column} instead: ${rows.map(({ id }) => id).join(', ')}.`,
  );
}
