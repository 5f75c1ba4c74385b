import type { PoolClient } from 'pg';
import type { TablePlan } from './mapping.js';

/** A table of the warehouse, or of one that is rebuilt beside it. */
export type LockedTable = Pick<TablePlan, 'schema' | 'table'>;

const lock = "hashtextextended('marquee.table.' || $1, 0)";

function nameOf({ schema, table }: LockedTable): string {
  return schema === 'warehouse' ? table : `${schema}.${table}`;
}

/** Waits until no other transaction writes history of the table. */
export async function lockTable(client: PoolClient, table: LockedTable): Promise<void> {
  await client.query(`/* warehouse.lock_table */ select pg_advisory_xact_lock(${lock})`, [nameOf(table)]);
}

/** Takes the lock of `lockTable` where nobody has it; gives whether it did. */
export async function tryLockTable(client: PoolClient, table: LockedTable): Promise<boolean> {
  const { rows } = await client.query<{ free: boolean }>(
    `/* warehouse.try_lock_table */ select pg_try_advisory_xact_lock(${lock}) as free`,
    [nameOf(table)],
  );
  return rows[0]!.free;
}
