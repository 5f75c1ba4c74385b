import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { reports } from '../../../src/dataset/reports/reports.js';
import { useDatabase } from '../../database-fixture.js';
import { sorted } from '../../oracle/compare.js';
import type { FilmWorld } from '../../oracle/films.js';
import { oracleReports } from '../../oracle/oracle.js';
import { randomWorld } from '../../oracle/random-world.js';
import { readDrops } from '../../oracle/read-drops.js';
import { propertyRuns } from '../../property-runs.js';
import { emptyDatabase } from '../empty-database.js';
import { exportedRows, publishReports } from '../publish-reports.js';
import { fillWarehouse } from '../warehouse-rows.js';

const sample = new URL('../../../../shared/data/the-movies-dataset-1k', import.meta.url).pathname;

describe('the published reports', () => {
  const database = useDatabase();
  beforeEach(() => emptyDatabase(database.pools.owner));

  async function differences(world: FilmWorld): Promise<Record<string, unknown>> {
    await emptyDatabase(database.pools.owner);
    await fillWarehouse(database.pools.pipeline, world);
    await publishReports(database.pools.pipeline);
    const expected = oracleReports(world);
    const different: Record<string, unknown> = {};
    for (const { name } of reports) {
      const actual = sorted(await exportedRows(database.pools.reader, name));
      const wanted = sorted(expected[name]!);
      const extra = actual.filter((row) => !wanted.includes(row));
      const missing = wanted.filter((row) => !actual.includes(row));
      if (extra.length + missing.length > 0) different[name] = { extra, missing };
    }
    return different;
  }

  it('equal an independent computation on random films', { timeout: 300_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(randomWorld, async (world) => {
        expect(await differences(world)).toEqual({});
      }),
      { numRuns: propertyRuns(60) },
    );
  });

  it('differ from the independent computation as soon as one amount does', async () => {
    const [world] = fc.sample(randomWorld, { numRuns: 1, seed: 7 });
    await fillWarehouse(database.pools.pipeline, world!);
    await database.pools.pipeline.query('update warehouse.movies set popularity = 1000');
    await publishReports(database.pools.pipeline);
    const rows = await exportedRows(database.pools.reader, 'genre_report');
    expect(sorted(rows)).not.toEqual(sorted(oracleReports(world!).genre_report!));
  });

  it.skipIf(!existsSync(sample))('equal an independent computation on a thousand real films', async () => {
    const world = readDrops([{ period: '2017-08', folder: sample }]);
    expect([world.films.size, world.ratings.size]).toEqual([1000, 17626]);
    expect(await differences(world)).toEqual({});
  });
});
