import type { PoolClient } from 'pg';
import { identifier, literal } from '../../database/identifier.js';
import { recordColumn } from '../extract/extraction.js';
import type { SourceFile } from '../extract/source-file.js';
import { fieldTypes } from '../mapping/field-types.js';
import type { ColumnPlan, TablePlan } from '../mapping/table-plan.js';
import { stagedRows } from './staged-rows.js';

/** What a merge changed. */
export interface MergeCounts {
  readonly inserted: number;
  readonly closed: number;
}

/** The names of the fields, separated by commas, each qualified by the alias. */
export function list(fields: readonly Pick<ColumnPlan, 'field'>[], alias?: string): string {
  return fields.map(({ field }) => (alias ? `${alias}.${identifier(field)}` : identifier(field))).join(', ');
}

/** The condition that two aliases have the same key; keys are never null. */
export function sameKey(plan: TablePlan, left: string, right: string): string {
  return plan.keys
    .map(({ field }) => `${left}.${identifier(field)} = ${right}.${identifier(field)}`)
    .join(' and ');
}

/** Whether a changed value opens a new version. In other tables the row of the first mention stays. */
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

/** The condition that a row of the table has other values than a staged row, in which the unfilled columns count as null. */
function differs(plan: TablePlan, row: string, staged: string): string {
  if (!keepsVersions(plan)) return 'false';
  const conditions = [
    ...plan.attributes.map(
      ({ field }) => `${row}.${identifier(field)} is distinct from ${staged}.${identifier(field)}`,
    ),
    ...plan.unfilled.map(({ field }) => `${row}.${identifier(field)} is not null`),
  ];
  return `(${conditions.join(' or ')})`;
}

/** The qualified name of the table. */
export function target(plan: TablePlan): string {
  return identifier(plan.schema, plan.table);
}

/**
 * Merges the staged rows into a table all of whose files are of earlier periods. A changed row is closed and a new version
 * opened, an unknown key is inserted, and an unchanged row is not written. Live rows are looked up once, in the order of the
 * key, and updated by their physical place (`ctid`).
 */
export async function mergeNewestRows(
  client: PoolClient,
  plan: TablePlan,
  file: SourceFile,
): Promise<MergeCounts> {
  const changes = identifier('pg_temp', 'change');
  await client.query(
    `/* warehouse.find_changes */
     create temporary table change on commit drop as
     select o.*, t.ctid as _row, t.tableoid as _row_table
     from ${stagedRows} o left join ${target(plan)} t on ${sameKey(plan, 't', 'o')} and not t.deleted
     where t.ctid is null or ${differs(plan, 't', 'o')}`,
  );
  const closed = keepsVersions(plan)
    ? await client.query(
        `/* warehouse.close_changed */
         update ${target(plan)} t set valid_to = ${literal(file.period)}, deleted = true, deleted_date = now()
         from (select _row, _row_table from ${changes} where _row is not null) o
         where t.ctid = o._row and t.tableoid = o._row_table and not t.deleted`,
      )
    : null;
  const standard = plan.tableType === 'reference';
  const inserted = await client.query(
    `/* warehouse.open_versions */
     insert into ${target(plan)} (${list(plan.fields)}, record_number, file_id, valid_from${standard ? ', standard' : ''})
     select ${list(plan.fields, 'o')}, o.${recordColumn}, ${file.id}, ${literal(file.period)}${standard ? ', false' : ''}
     from ${changes} o`,
  );
  await client.query(`/* warehouse.drop_changes */ drop table ${changes}`);
  return { inserted: inserted.rowCount ?? 0, closed: closed?.rowCount ?? 0 };
}
