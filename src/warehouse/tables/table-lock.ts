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

/** The time after which an idle worker counts as frozen: between two statements it only hashes some values. */
const maxIdleMs = 30_000;

/**
 * Waits until no other transaction writes the history of the table, and locks it until this transaction ends.
 * @param idleMs how long this transaction may be idle before Postgres ends it. Otherwise a frozen process would hold the lock
 *   for as long as its machine keeps the connection open.
 */
export async function lockTable(client: PoolClient, table: LockedTable, idleMs = maxIdleMs): Promise<void> {
  await client.query(
    `/* warehouse.limit_idleness */ set local idle_in_transaction_session_timeout = ${idleMs}`,
  );
  await client.query(`/* warehouse.lock_table */ select pg_advisory_xact_lock(${lock})`, [nameOf(table)]);
}

/** Takes the lock of `lockTable` if it is free. @returns whether it did */
export async function tryLockTable(client: PoolClient, table: LockedTable): Promise<boolean> {
  const { rows } = await client.query<{ free: boolean }>(
    `/* warehouse.try_lock_table */ select pg_try_advisory_xact_lock(${lock}) as free`,
    [nameOf(table)],
  );
  return rows[0]!.free;
}
