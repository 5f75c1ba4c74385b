import type { PoolClient } from 'pg';
import { identifier, literal } from '../../database/identifier.js';
import { recordColumn } from '../extract/extraction.js';
import type { SourceFile } from '../extract/source-file.js';
import { fieldTypes } from '../mapping/field-types.js';
import type { ColumnPlan, TablePlan } from '../mapping/table-plan.js';
import { said } from './staged-rows.js';

/** What a merge changed. */
export interface MergeCounts {
  readonly inserted: number;
  readonly closed: number;
}

/** `a, b` of the fields, each behind the alias. */
export function list(fields: readonly Pick<ColumnPlan, 'field'>[], alias?: string): string {
  return fields.map(({ field }) => (alias ? `${alias}.${identifier(field)}` : identifier(field))).join(', ');
}

/** The condition that two aliases have the same key; keys are never null. */
export function sameKey(plan: TablePlan, left: string, right: string): string {
  return plan.keys
    .map(({ field }) => `${left}.${identifier(field)} = ${right}.${identifier(field)}`)
    .join(' and ');
}

/** Whether a changed value opens a new version; elsewhere the first mention stays. */
export function keepsVersions(plan: TablePlan): boolean {
  return plan.tableType === 'version' && plan.attributes.length + plan.unfilled.length > 0;
}

/** The columns of a row that are not its key: those the plan fills, then those it leaves empty. */
export function valueColumns(plan: TablePlan): ColumnPlan[] {
  const filled = plan.attributes.map(({ field, type }) => ({
    field,
    catalogName: fieldTypes[type]!.catalogName,
  }));
  return [...filled, ...plan.unfilled];
}

/** The condition that a row of the table says something else of its key than a row of `said`, which leaves some empty. */
function differs(plan: TablePlan, row: string, observed: string): string {
  if (!keepsVersions(plan)) return 'false';
  const conditions = [
    ...plan.attributes.map(
      ({ field }) => `${row}.${identifier(field)} is distinct from ${observed}.${identifier(field)}`,
    ),
    ...plan.unfilled.map(({ field }) => `${row}.${identifier(field)} is not null`),
  ];
  return `(${conditions.join(' or ')})`;
}

/** The table's qualified name. */
export function target(plan: TablePlan): string {
  return identifier(plan.schema, plan.table);
}

/**
 * Merges what a file says (`said`) into a table all of whose files are of earlier periods: a changed key is closed and
 * opened anew, an unknown one opened, an unchanged one not written. The live rows are looked up once, in the order of the
 * key, and found again by their place.
 */
export async function mergeInOrder(
  client: PoolClient,
  plan: TablePlan,
  file: SourceFile,
): Promise<MergeCounts> {
  const news = identifier('pg_temp', 'news');
  await client.query(
    `/* warehouse.find_news */
     create temporary table news on commit drop as
     select o.*, t.ctid as _row, t.tableoid as _row_table
     from ${said} o left join ${target(plan)} t on ${sameKey(plan, 't', 'o')} and not t.deleted
     where t.ctid is null or ${differs(plan, 't', 'o')}`,
  );
  const closed = keepsVersions(plan)
    ? await client.query(
        `/* warehouse.close_changed */
         update ${target(plan)} t set valid_to = ${literal(file.period)}, deleted = true, deleted_date = now()
         from (select _row, _row_table from ${news} where _row is not null) o
         where t.ctid = o._row and t.tableoid = o._row_table and not t.deleted`,
      )
    : null;
  const inserted = await client.query(
    `/* warehouse.open_versions */
     insert into ${target(plan)} (${list(plan.fields)}, record_number, file_id, valid_from${plan.tableType === 'reference' ? ', standard' : ''})
     select ${list(plan.fields, 'o')}, o.${recordColumn}, ${file.id}, ${literal(file.period)}${plan.tableType === 'reference' ? ', false' : ''}
     from ${news} o`,
  );
  await client.query(`drop table ${news}`);
  return { inserted: inserted.rowCount ?? 0, closed: closed?.rowCount ?? 0 };
}
