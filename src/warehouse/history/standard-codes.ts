import type { PoolClient } from 'pg';
import type { TablePlan } from '../mapping/table-plan.js';
import { sameKey, target } from './merge.js';

/**
 * The condition that a row of a reference table is a current code of its standard: live, or retired manually. The row of a
 * code that the standard has withdrawn or renamed is closed and has no `valid_to`.
 */
const isStandardCode = (row: string) =>
  `${row}.standard and (not ${row}.deleted or ${row}.valid_to is not null)`;

/** Removes the codes of the standard from a relation with keys, because a file must not change them. */
export async function removeStandardCodes(
  client: PoolClient,
  plan: TablePlan,
  relation: string,
): Promise<void> {
  if (plan.tableType !== 'reference') return;
  await client.query(
    `/* warehouse.remove_standard_codes */
     delete from ${relation} o using ${target(plan)} t where ${sameKey(plan, 't', 'o')} and ${isStandardCode('t')}`,
  );
}

/**
 * Makes codes of the standard that were retired manually live again.
 * @param keys a relation with their keys; by default all codes
 */
export async function reopenStandardCodes(client: PoolClient, plan: TablePlan, keys?: string): Promise<void> {
  if (plan.tableType !== 'reference') return;
  await client.query(
    `/* warehouse.reopen_standard_codes */
     update ${target(plan)} t set valid_to = null, deleted = false, deleted_date = null
     where ${isStandardCode('t')} and t.deleted
       and not exists (select from ${target(plan)} live where ${sameKey(plan, 'live', 't')} and not live.deleted)
       ${keys === undefined ? '' : `and exists (select from ${keys} k where ${sameKey(plan, 'k', 't')})`}`,
  );
}
