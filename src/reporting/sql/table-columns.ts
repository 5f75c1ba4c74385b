import type { Queryable } from '../../database/queryable.js';
import { render, runSql, type SqlText, sql } from '../../database/sql.js';

/** The columns of a table with their types, as one text; null if the table does not exist. */
export async function columnsOf(client: Queryable, table: SqlText): Promise<string | null> {
  const { rows } = await runSql<{ columns: string | null }>(
    client,
    sql`/* reporting.list_columns */
      select string_agg(attname || ' ' || format_type(atttypid, atttypmod), ',' order by attnum) as columns
      from pg_attribute
      where attrelid = to_regclass(${render(table).text}) and attnum > 0 and not attisdropped`,
  );
  return rows[0]!.columns;
}

/** The types in what `columnsOf` returns, by column. */
export function columnTypes(columns: string): ReadonlyMap<string, string> {
  return new Map(
    columns.split(',').flatMap((column) => {
      const [name, ...type] = column.split(' ');
      return name === undefined ? [] : [[name, type.join(' ')] as const];
    }),
  );
}
