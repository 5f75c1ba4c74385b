import type { Pool, PoolClient } from 'pg';
import type { Queryable } from '../../database/queryable.js';
import { inTransaction } from '../../database/transaction.js';
import { type LockedTable, tryLockTable } from './table-lock.js';
import { isNotFresh } from './work-table-names.js';

interface Unfinished extends LockedTable {
  /** The qualified name. */
  readonly relation: string;
  readonly name: string;
}

/** The work tables that cleanings have committed, in use or left behind, and the table that each belongs to. */
async function findUnfinished(db: Queryable): Promise<Unfinished[]> {
  const { rows } = await db.query<Unfinished>(
    `/* warehouse.unfinished */
     select format('%I.%I', n.nspname, c.relname) as relation, c.relname::text as name,
            coalesce(hashes.parts[1], n.nspname) as schema, coalesce(hashes.parts[2], root.relname) as table
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     cross join lateral regexp_match(c.relname, '^hashes_of_(warehouse|rebuild)_(.*)_[0-9a-f]{8}$') as hashes (parts)
     left join pg_class root
       on root.oid = pg_partition_root(to_regclass(format('%I.%I', n.nspname, left(c.relname, -13))))
     where c.relkind = 'r' and not c.relispartition
       and (n.nspname = 'source' and hashes.parts is not null
            or n.nspname in ('warehouse', 'rebuild') and not (${isNotFresh('c.relname')}) and root.oid is not null)`,
  );
  return rows;
}

/**
 * Drops the work tables of a table: tables that would have replaced a partition, and hashes of personal values. Called with the
 * lock of the table, before the transaction commits.
 */
export async function dropUnfinished(client: PoolClient, plan: LockedTable): Promise<void> {
  for (const { relation, schema, table } of await findUnfinished(client)) {
    if (schema === plan.schema && table === plan.table) await dropRelation(client, relation);
  }
}

/**
 * Drops the work tables of all tables that are not being cleaned.
 * @returns the names of the tables that were dropped
 */
export async function sweepUnfinished(pool: Pool): Promise<string[]> {
  const dropped: string[] = [];
  for (const { relation, name, schema, table } of await findUnfinished(pool)) {
    await inTransaction(pool, async (client) => {
      if (!(await tryLockTable(client, { schema, table }))) return;
      await dropRelation(client, relation);
      dropped.push(name);
    });
  }
  return dropped;
}

async function dropRelation(client: PoolClient, relation: string): Promise<void> {
  await client.query(`/* warehouse.drop_unfinished */ drop table if exists ${relation}`);
}
