import type { PoolClient } from 'pg';

/** A table of the warehouse, or of the copy that a rebuild fills. */
export interface LockedTable {
  readonly schema: string;
  readonly table: string;
}

const lock = "hashtextextended('marquee.table.' || $1, 0)";

function nameOf({ schema, table }: LockedTable): string {
  return schema === 'warehouse' ? table : `${schema}.${table}`;
}

/** Between two statements a worker does no more than hash some values: what takes longer than this is not alive. */
const aliveMs = 30_000;

/**
 * Waits until no other transaction writes history of the table.
 * @param idleMs how long this transaction may say nothing before Postgres takes the table from it: a frozen process would
 *   hold it for as long as its machine keeps the connection
 */
export async function lockTable(client: PoolClient, table: LockedTable, idleMs = aliveMs): Promise<void> {
  await client.query(
    `/* warehouse.limit_idleness */ set local idle_in_transaction_session_timeout = ${idleMs}`,
  );
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
