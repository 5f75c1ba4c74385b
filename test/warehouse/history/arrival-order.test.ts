import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { useDatabase } from '../../database-fixture.js';
import { propertyRuns } from '../../property-runs.js';
import { clean, install } from '../cleaning.js';
import { filmMapping, filmTables, monthsInOrder } from '../random-films.js';
import { loadRecords, type SourceRecord } from '../source-rows.js';
import { emptyAll, type HistoryRow, historyOf } from './history.js';

describe.each([false, true])('months in any order (missing links retire: %s)', (retireMissing) => {
  const database = useDatabase();
  const pool = () => database.pools.pipeline;

  async function arrive(
    drops: readonly (readonly SourceRecord[])[],
    order: readonly number[],
    periodOf: (index: number, place: number) => number = (index) => index,
  ) {
    await emptyAll(pool());
    for (const [place, index] of order.entries()) {
      await clean(pool(), [
        await loadRecords(pool(), 'movies_metadata', `2017-0${periodOf(index, place) + 1}`, drops[index]!),
      ]);
    }
    const history: Record<string, HistoryRow[]> = {};
    for (const table of filmTables) {
      // A row that a late file took back stays on record, but nobody says it any more.
      history[table] = (await historyOf(pool(), table)).filter(
        (row) => row.record_number !== null || row.standard,
      );
    }
    return history;
  }

  const property = (periodOf?: (index: number, place: number) => number) =>
    fc.asyncProperty(monthsInOrder(), async ([drops, order]) => {
      const inOrder = await arrive(drops, [...drops.keys()]);
      expect(await arrive(drops, order, periodOf)).toEqual(inOrder);
    });

  beforeAll(() =>
    install(
      pool(),
      filmMapping.map((row) => ({
        ...row,
        retire_missing: retireMissing && row.end_table === 'movie_genres',
      })),
    ),
  );

  it('give the same live rows and the same history', { timeout: 300_000 }, async () => {
    await fc.assert(property(), { numRuns: propertyRuns(20) });
  });

  it('give another history when they are loaded as the months in which they arrive', {
    timeout: 300_000,
  }, async () => {
    const outcome = await fc.check(
      property((_index, place) => place),
      { numRuns: 50, endOnFailure: true },
    );
    expect(outcome.failed).toBe(true);
  });
});
