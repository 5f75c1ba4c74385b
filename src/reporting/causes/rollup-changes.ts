import { ident, literal, raw, type SqlText, sql } from '../../database/sql.js';
import { sqlFile } from '../../database/sql-file.js';
import { unusableValueReasons } from '../../warehouse/clean/issue-reason.js';
import type { SummedRecords } from '../definition/definition.js';
import { wasLive } from '../sql/row-sql.js';
import type { UnusableFields } from './unusable-values.js';

const rollupChangesQuery = sqlFile(new URL('sql/rollup-changes.sql', import.meta.url));

/** Maximum number of unusable values listed per file. */
const maxListedValues = 3;

/**
 * The relation `summed_change` for the head of a query, see `sql/rollup-changes.sql`.
 * @param since an expression
 */
export function rollupChanges(
  { table, links, value }: SummedRecords,
  since: SqlText,
  unusable: UnusableFields,
): SqlText {
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
    link_entity_name: literal(links.entity),
    value_name: literal(value),
    reasons: unusableValueReasons,
    has_unusable_links: raw(String(unusable.ofLinks)),
    has_unusable_records: raw(String(unusable.ofSummed)),
    max_values: raw(String(maxListedValues)),
    is_new_link: isNew('link'),
    is_new_record: isNew('summed'),
    was_live: wasLive('earlier', since),
  });
  return sql`summed_change as materialized (\n${changes}\n)`;
}
