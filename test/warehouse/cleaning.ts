import type { Pool, PoolClient } from 'pg';
import { initialMapping } from '../../src/dataset/mapping.js';
import { type CleanCounts, cleanTable } from '../../src/warehouse/clean/clean-table.js';
import { finishClean } from '../../src/warehouse/clean/finish-clean.js';
import { expandFile } from '../../src/warehouse/extract/entry-staging.js';
import { tablesInOrder } from '../../src/warehouse/mapping/mapping.js';
import { currentMapping, installMapping } from '../../src/warehouse/mapping/mapping-ledger.js';
import type { MappingRow } from '../../src/warehouse/mapping/mapping-row.js';

export const personalDataKey = Buffer.from('a key that only tests know');

/** Makes the data set's mapping, or another one, the current one. */
export async function install(pool: Pool, rows: readonly MappingRow[] = initialMapping): Promise<void> {
  await installMapping(pool, rows, { author: 'test', note: 'for a test' });
}

/**
 * Cleans files as the table jobs of one drop do: expand, each table in order, clear away.
 * @param cleaned done with each table, in the transaction that cleaned it
 */
export async function clean(
  pool: Pool,
  fileIds: readonly number[],
  cleaned: (client: PoolClient, table: string) => Promise<void> = async () => {},
): Promise<Record<string, CleanCounts>> {
  const mapping = (await currentMapping(pool))!;
  const { rows } = await pool.query<{ id: number; feed: string }>(
    'select id, feed from source.file where id = any($1) order by id',
    [fileIds],
  );
  for (const { id } of rows) await expandFile(pool, { mapping, fileId: id });
  const counts: Record<string, CleanCounts> = {};
  for (const { table, sourceTable } of tablesInOrder(mapping)) {
    const files = rows.filter((row) => `src_${row.feed}` === sourceTable).map((row) => row.id);
    if (files.length > 0)
      counts[table] = await cleanTable(pool, {
        table,
        fileIds: files,
        mapping,
        personalDataKey,
        beforeCommit: (client) => cleaned(client, table),
      });
  }
  await finishClean(pool, fileIds);
  return counts;
}
