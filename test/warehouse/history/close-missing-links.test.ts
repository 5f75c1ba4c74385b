import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { initialMapping } from '../../../src/dataset/mapping.js';
import { useDatabase } from '../../database-fixture.js';
import { clean, install } from '../cleaning.js';
import { verify } from '../rebuild/rebuilding.js';
import { loadRecords } from '../source-rows.js';
import { emptyAll, historyOf } from './history.js';

const drama = "{'id': 18, 'name': 'Drama'}";
const comedy = "{'id': 35, 'name': 'Comedy'}";

describe('links of a table whose feed always lists all of them', () => {
  const database = useDatabase();
  const pool = () => database.pools.pipeline;
  const month = async (period: string, genres: string | null, id = '1') =>
    clean(pool(), [await loadRecords(pool(), 'movies_metadata', period, [{ id, title: 'A', genres }])]);
  const links = async () =>
    (await historyOf(pool(), 'movie_genres')).map(
      (row) => `${row.genre_id} ${row.valid_from}..${row.valid_to ?? ''}${row.deleted ? '' : ' live'}`,
    );

  beforeAll(() =>
    install(
      pool(),
      initialMapping.map((row) => ({ ...row, retire_missing: row.end_table === 'movie_genres' })),
    ),
  );
  beforeEach(() => emptyAll(pool()));

  it('retire when a film no longer lists them, and return when it lists them again', async () => {
    await month('2017-08', `[${drama}, ${comedy}]`);
    const { movie_genres } = await month('2017-09', `[${comedy}]`);
    expect(movie_genres).toMatchObject({ inserted: 0, closed: 1 });
    await month('2017-10', `[${drama}]`);
    expect((await links()).sort()).toEqual([
      '18 2017-08-01..2017-09-01',
      '18 2017-10-01.. live',
      '35 2017-08-01..2017-10-01',
    ]);
    expect(await verify(pool())).toEqual([]);
  });

  it('do not retire because of files from before the flag was set, even when one comes late', async () => {
    const withFlag = initialMapping.map((row) => ({
      ...row,
      retire_missing: row.end_table === 'movie_genres',
    }));
    await install(pool(), initialMapping);
    await month('2017-08', `[${drama}, ${comedy}]`);
    await month('2017-09', `[${comedy}]`);
    await install(pool(), withFlag);
    await month('2017-07', `[${comedy}]`);
    expect((await links()).sort()).toEqual(['18 2017-08-01.. live', '35 2017-07-01.. live']);
    expect(await verify(pool())).toEqual([]);
  });

  it('all retire when the list is empty', async () => {
    await month('2017-08', `[${drama}, ${comedy}]`);
    await month('2017-09', '[]');
    expect((await links()).every((link) => link.endsWith('..2017-09-01'))).toBe(true);
  });

  it.each([
    ['its film is not mentioned', `[${drama}]`, '2'],
    ['its film is sent without a list', null, '1'],
    ['the list cannot be read', `[${drama}, {'id': 35, 'na`, '1'],
    ['an entry of the list has no usable key', "[{'id': 'x', 'name': 'Odd'}]", '1'],
  ])('stay when %s', async (_when, genres, id) => {
    await month('2017-08', `[${drama}, ${comedy}]`);
    await month('2017-09', genres, id);
    expect((await links()).filter((link) => link.endsWith('2017-08-01.. live'))).toHaveLength(2);
    expect(await verify(pool())).toEqual([]);
  });

  it('retire in the past when the month without them comes late', async () => {
    await month('2017-08', `[${drama}]`);
    await month('2017-10', `[${drama}]`);
    await month('2017-09', '[]');
    expect((await links()).sort()).toEqual(['18 2017-08-01..2017-09-01', '18 2017-10-01.. live']);
    expect(await verify(pool())).toEqual([]);
  });

  it('stay in a table without the flag', async () => {
    await install(pool(), initialMapping);
    await month('2017-08', `[${drama}]`);
    await month('2017-09', '[]');
    expect(await links()).toEqual(['18 2017-08-01.. live']);
  });
});
