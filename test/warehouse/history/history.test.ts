import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { useDatabase } from '../../database-fixture.js';
import { clean, install } from '../cleaning.js';
import { loadRecords } from '../source-rows.js';
import { emptyAll, historyOf } from './history.js';

describe('the history of a version table', () => {
  const database = useDatabase();
  const pool = () => database.pools.pipeline;
  const month = async (period: string, links: Record<string, string>) =>
    clean(pool(), [
      await loadRecords(
        pool(),
        'links',
        period,
        Object.entries(links).map(([movieId, tmdbId]) => ({ movieId, imdbId: '1', tmdbId })),
      ),
    ]);
  const history = async () =>
    (await historyOf(pool(), 'movie_links'))
      .map(
        (row) =>
          `${row.movielens_id}=${row.movie_id} ${row.valid_from}..${row.valid_to ?? ''}${row.deleted ? '' : ' live'} by ${row.said_in}`,
      )
      .sort();

  beforeAll(() => install(pool()));
  beforeEach(() => emptyAll(pool()));

  it('closes changed rows and leaves unchanged and unmentioned rows', async () => {
    await month('2017-08', { 1: '10', 2: '20', 3: '30' });
    const { movie_links } = await month('2017-09', { 1: '11', 2: '20' });
    expect(movie_links).toMatchObject({ entries: 2, inserted: 1, closed: 1, unchanged: 1 });
    expect(await history()).toEqual([
      '1=10 2017-08-01..2017-09-01 by 2017-08',
      '1=11 2017-09-01.. live by 2017-09',
      '2=20 2017-08-01.. live by 2017-08',
      '3=30 2017-08-01.. live by 2017-08',
    ]);
  });

  it('inserts a late month before the live row without changing the live row', async () => {
    await month('2017-08', { 1: '10' });
    await month('2017-10', { 1: '12' });
    const before = await pool().query('select xmin::text, * from warehouse.movie_links where not deleted');
    await month('2017-09', { 1: '11' });
    const after = await pool().query('select xmin::text, * from warehouse.movie_links where not deleted');
    expect(after.rows).toEqual(before.rows);
    expect(await history()).toEqual([
      '1=10 2017-08-01..2017-09-01 by 2017-08',
      '1=11 2017-09-01..2017-10-01 by 2017-09',
      '1=12 2017-10-01.. live by 2017-10',
    ]);
  });

  it('splits a version when a late month in its middle has other values', async () => {
    await month('2017-08', { 1: '10' });
    await month('2017-10', { 1: '10' });
    const { movie_links } = await month('2017-09', { 1: '11' });
    expect(movie_links).toMatchObject({ entries: 1, inserted: 1 });
    expect(await history()).toEqual([
      '1=10 2017-08-01..2017-09-01 by 2017-08',
      '1=10 2017-10-01.. live by 2017-10',
      '1=11 2017-09-01..2017-10-01 by 2017-09',
    ]);
  });

  it('moves the beginning of a version back when an earlier month with the same values comes late', async () => {
    await month('2017-10', { 1: '10' });
    await month('2017-08', { 1: '10' });
    expect(await history()).toEqual(['1=10 2017-08-01.. live by 2017-08']);
  });

  it('uses the last record of a key in a file, and the later of two files of a month', async () => {
    const first = await loadRecords(pool(), 'links', '2017-08', [
      { movieId: '1', imdbId: '1', tmdbId: '10' },
      { movieId: '1', imdbId: '1', tmdbId: '11' },
    ]);
    const second = await loadRecords(pool(), 'links', '2017-08', [
      { movieId: '1', imdbId: '1', tmdbId: '12' },
    ]);
    const counts = await clean(pool(), [first]);
    expect(counts.movie_links).toMatchObject({ entries: 2, inserted: 1, unchanged: 1 });
    await clean(pool(), [second]);
    expect(await history()).toEqual([
      '1=11 2017-08-01..2017-08-01 by 2017-08',
      '1=12 2017-08-01.. live by 2017-08',
    ]);
  });

  it('does not change when the same file is cleaned again', async () => {
    const file = await loadRecords(pool(), 'links', '2017-08', [{ movieId: '1', imdbId: '1', tmdbId: '10' }]);
    await clean(pool(), [file]);
    const before = await pool().query('select xmin::text, * from warehouse.movie_links');
    const { movie_links } = await clean(pool(), [file]);
    const after = await pool().query('select xmin::text, * from warehouse.movie_links');
    expect(after.rows).toEqual(before.rows);
    expect(movie_links).toMatchObject({ entries: 0, inserted: 0 });
  });
});
