import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reports } from '../../../src/dataset/reports/reports.js';
import { useDatabase } from '../../database-fixture.js';
import type { VendorDrop } from '../../oracle/drop-records.js';
import { randomDrops } from '../../oracle/random-drops.js';
import { propertyRuns } from '../../property-runs.js';
import { swapIn } from '../../warehouse/rebuild/rebuilding.js';
import { useDropFolders } from '../drop-folders.js';
import { takeDrop } from '../drops.js';
import { emptyDatabase } from '../empty-database.js';
import { allExports, publishAsJobs, publishReports } from '../publish-reports.js';

describe('reports kept drop by drop', () => {
  const database = useDatabase();
  const folders = useDropFolders();

  /** Takes the drops into an empty database and publishes after each of them; gives the last exports. */
  async function exportsOf(drops: readonly VendorDrop[]): Promise<Record<string, string>> {
    await emptyDatabase(database.pools.owner);
    for (const { folder, period } of drops) {
      await takeDrop(database.pools.pipeline, folder, period);
      await publishAsJobs(database.pools.pipeline);
    }
    return allExports(database.pools.reader);
  }

  it('are the same bytes when all is rebuilt from source', { timeout: 600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(randomDrops(2), async (drops) => {
        const kept = await exportsOf(await folders.write(drops));
        await swapIn(database.pools.pipeline);
        const { changes } = await publishReports(database.pools.pipeline, reports, true, 1);
        expect(changes).toEqual(
          Object.fromEntries(reports.map(({ name }) => [name, { inserted: 0, updated: 0, deleted: 0 }])),
        );
        expect(await allExports(database.pools.reader)).toEqual(kept);
      }),
      { numRuns: propertyRuns(7), endOnFailure: true },
    );
  });

  it('are not, when the warehouse was not what its source says', { timeout: 300_000 }, async () => {
    const [drops] = fc.sample(randomDrops(3), { numRuns: 1, seed: 5 });
    const kept = await exportsOf(await folders.write(drops!));
    const { pipeline, reader } = database.pools;
    await pipeline.query(`update warehouse.movies set popularity = coalesce(popularity, 0) + 1`);
    await publishReports(pipeline, reports, true, 1);
    const spoilt = await allExports(reader);
    await swapIn(pipeline);
    await publishReports(pipeline, reports, true, 1);
    expect(spoilt.genre_report).not.toBe(kept.genre_report);
    expect(await allExports(reader)).toEqual(kept);
  });
});
