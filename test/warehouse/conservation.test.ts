import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { useDatabase } from '../database-fixture.js';
import { propertyRuns } from '../property-runs.js';
import { clean, install } from './cleaning.js';
import { emptyAll } from './history/history.js';
import { filmMapping, filmTables, monthsInOrder } from './random-films.js';
import { loadRecords, type SourceRecord } from './source-rows.js';

describe('records that are cleaned', () => {
  const database = useDatabase();
  const pool = () => database.pools.pipeline;

  beforeAll(() => install(pool(), filmMapping));

  async function arrive(drops: readonly (readonly SourceRecord[])[], order: readonly number[]) {
    await emptyAll(pool());
    const files: number[] = [];
    for (const index of order) {
      const file = await loadRecords(pool(), 'movies_metadata', `2017-0${index + 1}`, drops[index]!);
      files.push(file);
      for (const counts of Object.values(await clean(pool(), [file]))) {
        expect(counts.records).toBe(drops[index]!.length);
        expect(counts.inserted + counts.unchanged + counts.rejected).toBe(counts.entries);
      }
    }
    return files;
  }

  /** Records with neither a reject nor a row of their film. */
  async function lost(): Promise<unknown[]> {
    const { rows } = await pool().query(`
      select s.file_id, s.record_number from source.src_movies_metadata s
      where not exists (select from source.reject r
                        where r.file_id = s.file_id and r.record_number = s.record_number)
        and not exists (select from warehouse.movies m where m.movie_id::text = s.id)`);
    return rows;
  }

  it('are all rejected or in the warehouse', { timeout: 300_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(monthsInOrder(1), async ([drops, order]) => {
        await arrive(drops, order);
        expect(await lost()).toEqual([]);
      }),
      { numRuns: propertyRuns(20) },
    );
  });

  it('are reported as missing when a row or a reject is deleted', async () => {
    const films = [
      { id: '1', title: 'A', genres: '[]' },
      { id: 'x', title: 'B', genres: '[]' },
    ];
    await arrive([films], [0]);
    expect(await lost()).toEqual([]);
    await pool().query('delete from warehouse.movies');
    expect(await lost()).toHaveLength(1);
    await pool().query('delete from source.reject');
    expect(await lost()).toHaveLength(2);
  });

  it('change nothing when the same drop comes twice', { timeout: 300_000 }, async () => {
    const state = async () => {
      const tables = [...filmTables.map((table) => `warehouse.${table}`), 'support.issue', 'source.reject'];
      return Promise.all(
        tables.map(async (table) => {
          const { rows } = await pool().query(
            `select xmin::text, to_jsonb(t) as row from ${table} t
             where not (to_jsonb(t) ->> 'reason' is not distinct from 'malformed_literal') order by 2::text`,
          );
          return rows;
        }),
      );
    };
    await fc.assert(
      fc.asyncProperty(monthsInOrder(1), async ([drops, order]) => {
        const files = await arrive(drops, order);
        const before = await state();
        await clean(pool(), files);
        expect(await state()).toEqual(before);
      }),
      { numRuns: propertyRuns(10) },
    );
    // The control: what is forgotten is done again, and that shows where a value could not be used.
    const files = await arrive([[{ id: '1', title: 'A', budget: 'much', genres: '[]' }]], [0]);
    const before = await state();
    await pool().query('delete from support.file_transform');
    await clean(pool(), files);
    expect(await state()).not.toEqual(before);
  });
});
