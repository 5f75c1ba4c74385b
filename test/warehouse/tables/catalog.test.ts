import { describe, expect, it } from 'vitest';
import { inTransaction } from '../../../src/database/transaction.js';
import { findLiveTables } from '../../../src/warehouse/history/partition-swap.js';
import { currentMapping } from '../../../src/warehouse/mapping/mapping-ledger.js';
import { readCatalog } from '../../../src/warehouse/tables/catalog.js';
import { useDatabase } from '../../database-fixture.js';
import { install } from '../cleaning.js';

describe('the catalog', () => {
  const database = useDatabase();

  it('is read while another transaction locks a table and its partitions', async () => {
    const { pipeline, owner } = database.pools;
    await install(pipeline);
    const free = await readCatalog(pipeline);
    const held = await inTransaction(owner, async (filler) => {
      await filler.query('lock table warehouse.movie_ratings, warehouse.genres in access exclusive mode');
      return inTransaction(pipeline, async (reader) => {
        await reader.query(`set local lock_timeout = '2s'`);
        const mapping = (await currentMapping(reader))!;
        // The control: a reading that takes the lock does wait.
        await reader.query('savepoint waits');
        await expect(findLiveTables(reader, mapping.tables.get('movie_ratings')!)).rejects.toMatchObject({
          code: '55P03',
        });
        await reader.query('rollback to savepoint waits');
        return readCatalog(reader);
      });
    });
    expect(held).toEqual(free);
    expect([...free.targets.get('movies')!.columns.keys()]).not.toContain('id');
  });
});
