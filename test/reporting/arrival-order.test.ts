import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { useDatabase } from '../database-fixture.js';
import type { VendorDrop } from '../oracle/drop-records.js';
import { type RandomDrop, randomDrops } from '../oracle/random-drops.js';
import { propertyRuns } from '../property-runs.js';
import { useDropFolders } from './drop-folders.js';
import { takeDrop } from './drops.js';
import { emptyDatabase } from './empty-database.js';
import { allExports, publishAsJobs } from './publish-reports.js';

/** Drops, and another order in which they may arrive; drops of one month stay in theirs. */
const anotherOrder = randomDrops(2).chain((drops) =>
  fc.tuple(
    fc.constant(drops),
    fc.shuffledSubarray([...drops.keys()], { minLength: drops.length }).map((order) => {
      const left = new Map<string, RandomDrop[]>();
      for (const drop of drops) left.set(drop.period, [...(left.get(drop.period) ?? []), drop]);
      return order.map((place) => left.get(drops[place]!.period)!.shift()!);
    }),
  ),
);

describe('published reports', () => {
  const database = useDatabase();
  const folders = useDropFolders();

  /** Takes the drops in this order into an empty database, and publishes after each of them or the last; gives the exports. */
  async function exportsOf(
    drops: readonly VendorDrop[],
    { afterEach = true } = {},
  ): Promise<Record<string, string>> {
    await emptyDatabase(database.pools.owner);
    for (const { folder, period } of drops) {
      await takeDrop(database.pools.pipeline, folder, period);
      if (afterEach) await publishAsJobs(database.pools.pipeline);
    }
    if (!afterEach) await publishAsJobs(database.pools.pipeline);
    return allExports(database.pools.reader);
  }

  const property = (periods: (drops: readonly VendorDrop[]) => readonly VendorDrop[]) =>
    fc.asyncProperty(anotherOrder, async ([drops, shuffled]) => {
      const first = await exportsOf(periods(await folders.write(drops)), { afterEach: false });
      expect(await exportsOf(periods(await folders.write(shuffled)))).toEqual(first);
    });

  it('are the same bytes in the end, in whatever order the months arrive', { timeout: 600_000 }, async () => {
    await fc.assert(
      property((drops) => drops),
      { numRuns: propertyRuns(8), endOnFailure: true },
    );
  });

  it('are not, when months are taken for those in which they arrive', { timeout: 600_000 }, async () => {
    const asTheyArrive = property((drops) =>
      drops.map((drop, place) => ({ ...drop, period: `2017-0${place + 1}` })),
    );
    const outcome = await fc.check(asTheyArrive, { numRuns: 50, endOnFailure: true });
    expect(outcome.errorInstance).toMatchObject({ name: 'AssertionError' });
  });
});
