import type { PoolClient } from 'pg';
import { identifier, literal } from '../database/identifier.js';
import { ordinalColumn, recordColumn } from './extraction.js';
import { usable } from './faults.js';
import type { FieldPlan, TablePlan } from './mapping.js';
import type { SourceFile } from './source-file.js';

/** What a merge changed. */
export interface MergeCounts {
  readonly inserted: number;
  readonly closed: number;
}

/** `a, b` of the fields, each behind the alias. */
export function list(fields: readonly FieldPlan[], alias?: string): string {
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
  return plan.tableType === 'version' && plan.attributes.length > 0;
}

/** The condition that two aliases of the same key say something else of it. */
export function differs(plan: TablePlan, left: string, right: string): string {
  if (!keepsVersions(plan)) return 'false';
  return `(${list(plan.attributes, left)}) is distinct from (${list(plan.attributes, right)})`;
}

/**
 * The one row per key that a file says, from rows as `guardedExtraction` gives them: the last record wins, where the
 * table keeps versions; the first one stays, where it does not.
 */
export function observed(plan: TablePlan, extracted: string): string {
  const direction = plan.tableType === 'version' ? 'desc' : 'asc';
  return `
    select distinct on (${list(plan.keys)}) ${list(plan.fields)}, ${recordColumn}
    from ${extracted} where ${usable(plan)}
    order by ${list(plan.keys)}, ${recordColumn} ${direction}, ${ordinalColumn} ${direction}`;
}

/** The table's qualified name. */
export function target(plan: TablePlan): string {
  return identifier(plan.schema, plan.table);
}

/**
 * Merges what a file says into a table all of whose files are of earlier periods: a changed key is closed and opened
 * anew, an unknown one opened, an unchanged one not written.
 * @param said a relation with one row per key, from `observed`
 */
export async function mergeInOrder(
  client: PoolClient,
  plan: TablePlan,
  file: SourceFile,
  said: string,
): Promise<MergeCounts> {
  const closed = keepsVersions(plan)
    ? await client.query(
        `/* warehouse.close_changed */
         update ${target(plan)} t set valid_to = ${literal(file.period)}, deleted = true, deleted_date = now()
         from ${said} o where ${sameKey(plan, 't', 'o')} and not t.deleted and ${differs(plan, 't', 'o')}`,
      )
    : null;
  const inserted = await client.query(
    `/* warehouse.open_versions */
     insert into ${target(plan)} (${list(plan.fields)}, record_number, file_id, valid_from${plan.tableType === 'reference' ? ', standard' : ''})
     select ${list(plan.fields, 'o')}, o.${recordColumn}, ${file.id}, ${literal(file.period)}${plan.tableType === 'reference' ? ', false' : ''}
     from ${said} o
     where not exists (select from ${target(plan)} t where ${sameKey(plan, 't', 'o')} and not t.deleted)`,
  );
  return { inserted: inserted.rowCount ?? 0, closed: closed?.rowCount ?? 0 };
}
