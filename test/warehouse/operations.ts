import type { Pool } from 'pg';
import { inTransaction } from '../../src/database/transaction.js';
import { Fault } from '../../src/fault.js';
import { loadReferenceData } from '../../src/warehouse/corrections/reference-data.js';
import { restoreRows, retireRows } from '../../src/warehouse/corrections/retirement.js';
import {
  requireWithdrawable,
  takeFileBack,
  withdrawFile,
} from '../../src/warehouse/corrections/withdrawal.js';
import { currentMapping } from '../../src/warehouse/mapping/mapping-ledger.js';
import { swapRebuilt } from '../../src/warehouse/rebuild/rebuild.js';
import { clean, install, personalDataKey } from './cleaning.js';
import { mappingVersions, type Operation } from './random-operations.js';
import { buildBeside, swapIn } from './rebuild/rebuilding.js';
import { loadRecords } from './source-rows.js';

const change = { actor: 'test', reason: 'a test' };

/** Does it as the jobs do; nothing where there is nothing to do it to. */
export async function carryOut(pool: Pool, operation: Operation): Promise<void> {
  switch (operation.does) {
    case 'month': {
      await install(pool, mappingVersions[operation.mapping]!);
      await clean(pool, [await loadRecords(pool, 'movies_metadata', operation.period, operation.films)]);
      return;
    }
    case 'retire':
      return retireFirst(pool, operation.table);
    case 'restore':
      return restoreAll(pool, operation.table);
    case 'withdraw':
      return withdraw(pool, operation.file);
    case 'take back':
      return takeOldestBack(pool);
    case 'rebuild':
      return swapIn(pool, operation.mapping);
    case 'standard':
      return loadStandard(pool, operation.codes);
  }
}

/** Retires the first live row of a table, where there is one that a file or a standard has named. */
export async function retireFirst(pool: Pool, table: string): Promise<void> {
  const mapping = (await currentMapping(pool))!;
  const plan = mapping.tables.get(table);
  if (!plan) return;
  const keys = plan.keys.map(({ field }) => field);
  const { rows } = await pool.query(
    `select ${keys.map((key) => `${key}::text`)} from warehouse.${table} where not deleted order by ${keys} limit 1`,
  );
  if (rows.length === 0) return;
  await unlessRefused(['key_not_live'], () =>
    inTransaction(pool, (client) => retireRows(client, mapping, { table, keys: rows, ...change })),
  );
}

/** Takes all retirements by hand of a table back. */
export async function restoreAll(pool: Pool, table: string): Promise<void> {
  const mapping = (await currentMapping(pool))!;
  if (!mapping.tables.has(table)) return;
  const { rows } = await pool.query(
    'select distinct row_key as key from support.retirement where table_name = $1 and restored_date is null',
    [table],
  );
  if (rows.length === 0) return;
  const keys = rows.map(({ key }) => key);
  await inTransaction(pool, (client) =>
    restoreRows(pool, client, mapping, personalDataKey, { table, keys, ...change }),
  );
}

async function withdraw(pool: Pool, place: number): Promise<void> {
  const { rows } = await pool.query("select id from source.file where state = 'loaded' order by id");
  if (rows.length === 0) return;
  const fileId: number = rows[place % rows.length].id;
  const mapping = (await currentMapping(pool))!;
  await unlessRefused(['nothing_loaded', 'table_not_mapped'], async () => {
    await inTransaction(pool, (client) => requireWithdrawable(client, mapping, fileId));
    await buildBeside(pool, 'recorded', fileId);
    await inTransaction(pool, async (client) => {
      await swapRebuilt(client, mapping);
      await withdrawFile(client, mapping, { fileId, ...change });
    });
  });
}

async function takeOldestBack(pool: Pool): Promise<void> {
  const { rows } = await pool.query(
    "select id from source.file where state = 'withdrawn' order by id limit 1",
  );
  if (rows.length === 0) return;
  const fileId: number = rows[0].id;
  await inTransaction(pool, (client) => takeFileBack(client, { fileId, ...change }));
  await clean(pool, [fileId]);
}

/** Has the standard of countries hold these codes and no others. */
export async function loadStandard(pool: Pool, codes: readonly string[]): Promise<void> {
  const standard = {
    table: 'production_countries',
    standard: 'a standard',
    source: 'a test',
    version: '1',
    codes: codes.map((id) => ({ id, name: `The country ${id}` })),
  };
  await loadReferenceData(pool, [standard], personalDataKey);
}

async function unlessRefused(codes: readonly string[], act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof Fault && codes.includes(error.code))) throw error;
  }
}
