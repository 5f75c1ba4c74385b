import { ident, literal, type SqlText, sql } from '../../database/sql.js';
import { sqlFile } from '../../database/sql-file.js';
import type { SummedRecords } from '../definition/definition.js';
import { wasLive } from '../sql/row-sql.js';

const rollupChangesQuery = sqlFile(new URL('sql/rollup-changes.sql', import.meta.url));

/**
 * The relation `summed_change` for the head of a query, see `sql/rollup-changes.sql`.
 * @param since an expression
 */
export function rollupChanges({ table, links }: SummedRecords, since: SqlText): SqlText {
  const isNew = (alias: string) =>
    sql`not ${ident(alias, 'deleted')} and ${ident(alias, 'created_date')} > ${since}`;
  const changes = rollupChangesQuery({
    since,
    table: ident('warehouse', table),
    table_name: literal(table),
    links: ident('warehouse', links.table),
    links_name: literal(links.table),
    link_key: ident(links.key),
    link_key_name: literal(links.key),
    link_entity: ident(links.entity),
    is_new_link: isNew('link'),
    is_new_record: isNew('summed'),
    was_live: wasLive('earlier', since),
  });
  return sql`summed_change as materialized (\n${changes}\n)`;
}
