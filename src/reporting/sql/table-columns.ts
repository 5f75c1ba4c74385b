import type { ClientBase } from 'pg';

/** The columns of a table with their types, as one text; null when there is no such table. */
export async function columnsOf(client: Pick<ClientBase, 'query'>, table: string): Promise<string | null> {
  const { rows } = await client.query<{ columns: string | null }>(
    `/* reporting.columns_of */
     select string_agg(attname || ' ' || format_type(atttypid, atttypmod), ',' order by attnum) as columns
     from pg_attribute
     where attrelid = to_regclass($1) and attnum > 0 and not attisdropped`,
    [table],
  );
  return rows[0]!.columns;
}

export function columnTypes(columns: string): ReadonlyMap<string, string> {
  return new Map(
    columns.split(',').flatMap((column) => {
      const [name, ...type] = column.split(' ');
      return name === undefined ? [] : [[name, type.join(' ')] as const];
    }),
  );
}
