import type { Pool } from 'pg';
import { identifier } from '../database/identifier.js';
import { inTransaction } from '../database/transaction.js';

/**
 * Drops what cleanings committed by itself and did not come to use: tables on their way to take another's place, and
 * hashes beside the values they stand for. A table that is being cleaned keeps its own; there they are in use.
 * @returns the names of what was dropped
 */
export async function dropUnfinished(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ schema: string; name: string; lock: string }>(
    `/* warehouse.unfinished */
     select n.nspname::text as schema, c.relname::text as name,
            case when n.nspname = 'source' then substring(c.relname from '^hashes_of_(.*)_[0-9a-f]{8}$')
                 else n.nspname || '_' || root.relname end as lock
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     left join pg_class root
       on root.oid = pg_partition_root(to_regclass(format('%I.%I', n.nspname, left(c.relname, -13))))
     where c.relkind = 'r' and not c.relispartition
       and (n.nspname = 'source' and c.relname ~ '^hashes_of_.*_[0-9a-f]{8}$'
            or n.nspname in ('warehouse', 'rebuild') and c.relname ~ '_new_[0-9a-f]{8}$' and root.oid is not null)`,
  );
  const dropped: string[] = [];
  for (const { schema, name, lock } of rows) {
    await inTransaction(pool, async (client) => {
      // The lock of `lockTable`.
      const { rows: tried } = await client.query<{ free: boolean }>(
        "/* warehouse.try_table */ select pg_try_advisory_xact_lock(hashtextextended('marquee.table.' || $1, 0)) as free",
        [lock.replace(/^warehouse_/, '').replace(/^rebuild_/, 'rebuild.')],
      );
      if (!tried[0]!.free) return;
      await client.query(`/* warehouse.drop_unfinished */ drop table if exists ${identifier(schema, name)}`);
      dropped.push(name);
    });
  }
  return dropped;
}
