import type { Pool } from 'pg';
import { identifier } from '../../database/identifier.js';

/** Live rows per warehouse table. */
export async function countLiveRows(pool: Pool, tables: readonly string[]): Promise<Record<string, number>> {
  const counted = await Promise.all(
    tables.map(async (table) => {
      const { rows } = await pool.query<{ live: string }>(
        `/* warehouse.count_live_rows */
         select count(*) as live from warehouse.${identifier(table)} where not deleted`,
      );
      return [table, Number(rows[0]!.live)] as const;
    }),
  );
  return Object.fromEntries(counted);
}
