import type { PoolClient } from 'pg';
import type { TablePlan } from '../mapping/table-plan.js';
import { sameKey, target } from './merge.js';

/**
 * The condition that a row of a reference table is a code of its standard: live, or retired by hand. One that the standard
 * has withdrawn or renamed is closed without an end in the vendor's time.
 */
const ofStandard = (row: string) => `${row}.standard and (not ${row}.deleted or ${row}.valid_to is not null)`;

/** Takes the codes of the standard out of a relation with keys: what it says of a code is not the vendor's to change. */
export async function dropStandardCodes(
  client: PoolClient,
  plan: TablePlan,
  relation: string,
): Promise<void> {
  if (plan.tableType !== 'reference') return;
  await client.query(
    `/* warehouse.drop_standard_codes */
     delete from ${relation} o using ${target(plan)} t where ${sameKey(plan, 't', 'o')} and ${ofStandard('t')}`,
  );
}

/**
 * Has codes of the standard live that were retired by hand.
 * @param keys a relation with their keys; all unless told
 */
export async function reopenStandardCodes(client: PoolClient, plan: TablePlan, keys?: string): Promise<void> {
  if (plan.tableType !== 'reference') return;
  await client.query(
    `/* warehouse.reopen_standard_codes */
     update ${target(plan)} t set valid_to = null, deleted = false, deleted_date = null
     where ${ofStandard('t')} and t.deleted
       and not exists (select from ${target(plan)} live where ${sameKey(plan, 'live', 't')} and not live.deleted)
       ${keys === undefined ? '' : `and exists (select from ${keys} k where ${sameKey(plan, 'k', 't')})`}`,
  );
}
