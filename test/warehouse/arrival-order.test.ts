import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { initialMapping } from '../../src/dataset/mapping.js';
import { useDatabase } from '../database-fixture.js';
import { clean, install } from './cleaning.js';
import { emptyAll, type HistoryRow, historyOf } from './history.js';
import { loadRecords, type SourceRecord } from './source-rows.js';

const tables = ['movies', 'genres', 'movie_genres', 'production_countries', 'movie_production_countries'];
const mapped = initialMapping.filter(
  ({ end_table, end_field }) =>
    tables.includes(end_table) &&
    (end_table !== 'movies' || ['movie_id', 'title', 'budget'].includes(end_field)),
);

const small = (...values: string[]) => fc.constantFrom(...values);
const listOf = (entry: fc.Arbitrary<string>) =>
  fc.array(entry, { maxLength: 2 }).map((entries) => `[${entries.join(', ')}]`);
const film: fc.Arbitrary<SourceRecord> = fc.record({
  id: small('1', '2', 'x'),
  title: small('A', 'B'),
  budget: small('0', '5', 'NaN'),
  genres: listOf(
    fc
      .tuple(small('18', '35'), small('Drama', 'Comedy'))
      .map(([id, name]) => `{'id': ${id}, 'name': '${name}'}`),
  ),
  production_countries: listOf(
    small('US', 'XC').map((code) => `{'iso_3166_1': '${code}', 'name': '${code}'}`),
  ),
});
const months = fc.array(fc.array(film, { maxLength: 4 }), { minLength: 2, maxLength: 4 });

describe('the order in which months arrive', () => {
  const database = useDatabase();
  const pool = () => database.pools.pipeline;

  async function arrive(drops: readonly (readonly SourceRecord[])[], order: readonly number[]) {
    await emptyAll(pool());
    for (const index of order) {
      await clean(pool(), [
        await loadRecords(pool(), 'movies_metadata', `2017-0${index + 1}`, drops[index]!),
      ]);
    }
    const history: Record<string, HistoryRow[]> = {};
    for (const table of tables) history[table] = await historyOf(pool(), table);
    return history;
  }

  beforeAll(() => install(pool(), mapped));

  it('makes no difference to the live rows and the history', { timeout: 300_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        months.chain((drops) =>
          fc.tuple(fc.constant(drops), fc.shuffledSubarray([...drops.keys()], { minLength: drops.length })),
        ),
        async ([drops, order]) => {
          const inOrder = await arrive(drops, [...drops.keys()]);
          expect(await arrive(drops, order)).toEqual(inOrder);
        },
      ),
      { numRuns: 25 },
    );
  });
});
