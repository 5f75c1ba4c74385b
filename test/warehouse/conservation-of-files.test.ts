import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { useDatabase } from '../database-fixture.js';
import type { VendorDrop } from '../oracle/drop-records.js';
import { accountsOf } from '../oracle/file-accounts.js';
import { randomDrops } from '../oracle/random-drops.js';
import { propertyRuns } from '../property-runs.js';
import { useDropFolders } from '../reporting/drop-folders.js';
import { takeDrop } from '../reporting/drops.js';
import { emptyDatabase } from '../reporting/empty-database.js';
import { unaccounted } from './unaccounted.js';

describe('the records of random files', () => {
  const database = useDatabase();
  const folders = useDropFolders();
  const pool = () => database.pools.pipeline;

  beforeEach(() => emptyDatabase(database.pools.owner));

  async function take(drops: readonly VendorDrop[]): Promise<void> {
    await emptyDatabase(database.pools.owner);
    for (const { folder, period } of drops) {
      for (const { result } of await takeDrop(pool(), folder, period)) {
        if (result !== undefined) expect(result.read).toBe(result.loaded + result.rejected);
      }
    }
  }

  it('are each rejected or stored in a row with their values', { timeout: 600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(randomDrops(), async (drops) => {
        const written = await folders.write(drops);
        await take(written);
        expect(await unaccounted(pool(), accountsOf(written))).toEqual([]);
      }),
      { numRuns: propertyRuns(24), endOnFailure: true },
    );
  });

  it.each([
    [
      'a row',
      'delete from warehouse.movies where id = (select max(id) from warehouse.movies where not deleted)',
      /in no row/,
    ],
    [
      'a link',
      'delete from warehouse.movie_genres where ctid = (select min(ctid) from warehouse.movie_genres)',
      /movie_genres has/,
    ],
    [
      'a reject',
      'delete from source.reject where ctid = (select min(ctid) from source.reject)',
      /rejects of/,
    ],
  ])('are missed when %s is taken away', { timeout: 300_000 }, async (_what, theft, finding) => {
    const drops = fc
      .sample(randomDrops(2), { numRuns: 50, seed: 11 })
      .find((some) => JSON.stringify(some).includes('udce9'))!;
    const written = await folders.write(drops);
    await take(written);
    expect(await unaccounted(pool(), accountsOf(written))).toEqual([]);
    expect((await pool().query(theft)).rowCount).toBe(1);
    expect(await unaccounted(pool(), accountsOf(written))).toEqual([expect.stringMatching(finding)]);
  });
});
