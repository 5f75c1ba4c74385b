import type { Pool } from 'pg';
import { inTransaction } from '../../../src/database/transaction.js';
import { currentMapping } from '../../../src/warehouse/mapping/mapping-ledger.js';
import { compareRebuilt, type TableComparison } from '../../../src/warehouse/rebuild/compare-rebuilt.js';
import {
  planReplay,
  prepareRebuild,
  rebuildTable,
  swapRebuilt,
} from '../../../src/warehouse/rebuild/rebuild.js';
import { dropRebuild } from '../../../src/warehouse/tables/rebuild-tables.js';
import { personalDataKey } from '../cleaning.js';

/**
 * Builds the warehouse again next to the live one, as the jobs do.
 * @param without a file to be left out, as one that is withdrawn
 */
export async function buildBeside(
  pool: Pool,
  which: 'recorded' | 'current' = 'recorded',
  without?: number,
): Promise<void> {
  const mapping = (await currentMapping(pool))!;
  const replayed = await planReplay(pool, which === 'current' ? mapping : null);
  await prepareRebuild(pool, mapping);
  for (const table of mapping.tables.keys()) {
    const files = replayed.filter((file) => file.table === table && file.fileId !== without);
    await rebuildTable(pool, { table, files, personalDataKey });
  }
}

/** The tables in which a rebuilt warehouse differs from the one in use. */
export async function verify(
  pool: Pool,
  which: 'recorded' | 'current' = 'recorded',
): Promise<TableComparison[]> {
  await buildBeside(pool, which);
  const mapping = (await currentMapping(pool))!;
  const compared: TableComparison[] = [];
  for (const plan of mapping.tables.values()) compared.push(await compareRebuilt(pool, plan));
  await inTransaction(pool, dropRebuild);
  return compared.filter((table) => table.differences > 0);
}

/** Rebuilds the warehouse and swaps it in. */
export async function swapIn(pool: Pool, which: 'recorded' | 'current' = 'recorded'): Promise<void> {
  await buildBeside(pool, which);
  const mapping = (await currentMapping(pool))!;
  await inTransaction(pool, (client) => swapRebuilt(client, mapping));
}
