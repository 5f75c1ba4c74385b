import { describe, expect, it } from 'vitest';
import { initialMapping } from '../../src/dataset/mapping.js';
import { useDatabase } from '../database-fixture.js';
import { clean, install } from './cleaning.js';
import { historyOf } from './history.js';
import { swapIn, verify } from './rebuilding.js';
import { loadRecords } from './source-rows.js';

describe('a column the vendor renames', () => {
  const database = useDatabase();

  it('takes one changed cell of the mapping; files of before keep being read as they were', async () => {
    const pool = database.pools.pipeline;
    const links = initialMapping.filter((row) => row.end_table === 'movie_links');
    const load = (period: string, record: Record<string, string>) =>
      loadRecords(pool, 'links', period, [record]);
    await install(pool, links);
    await clean(pool, [await load('2017-08', { movieId: '1', tmdbId: '10' })]);
    const renamed = await load('2017-10', { film_id: '1', tmdbId: '12' });
    await pool.query(`update source.file set header = '{film_id,imdbId,tmdbId}' where id = $1`, [renamed]);
    await install(
      pool,
      links.map((row) => (row.source_field === 'movieId' ? { ...row, source_field: 'film_id' } : row)),
    );
    await clean(pool, [renamed]);
    const late = await load('2017-09', { film_id: '1', tmdbId: '11' });
    await pool.query(`update source.file set header = '{film_id,imdbId,tmdbId}' where id = $1`, [late]);
    await clean(pool, [late]);
    const history = await historyOf(pool, 'movie_links');
    expect(history.map((row) => [row.said_in, row.movie_id, row.deleted])).toEqual(
      expect.arrayContaining([
        ['2017-08', 10, true],
        ['2017-09', 11, true],
        ['2017-10', 12, false],
      ]),
    );
    const used = await pool.query('select mapping_version from support.file_transform order by file_id');
    expect(used.rows.map((row) => row.mapping_version)).toEqual([1, 2, 2]);

    // Nor are they lost where all are to be read under the mapping of now, which finds no key in them.
    expect(await verify(pool, 'current')).toEqual([]);
    await swapIn(pool, 'current');
    expect(await historyOf(pool, 'movie_links')).toEqual(history);
    expect((await pool.query('select from source.reject')).rowCount).toBe(0);
  });
});
