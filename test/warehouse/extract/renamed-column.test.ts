import { beforeEach, describe, expect, it } from 'vitest';
import { initialMapping } from '../../../src/dataset/mapping.js';
import { movies } from '../../../src/dataset/movies.js';
import { readByFormerNames } from '../../../src/warehouse/extract/file-mapping.js';
import type { MappingRow } from '../../../src/warehouse/mapping/mapping-row.js';
import { useDatabase } from '../../database-fixture.js';
import { clean, install } from '../cleaning.js';
import { emptyAll, historyOf } from '../history/history.js';
import { filmMapping } from '../random-films.js';
import { swapIn, verify } from '../rebuild/rebuilding.js';
import { loadRecords } from '../source-rows.js';

describe('a column that the vendor renames', () => {
  const database = useDatabase();

  it('needs one changed cell of the mapping; earlier files are read as before', async () => {
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

  describe('that no key is read from', () => {
    const feed = movies.feeds.find(({ name }) => name === 'movies_metadata')!;
    const pool = () => database.pools.pipeline;
    const film = (names: Record<string, string>) => ({
      id: '1',
      [names.title ?? 'title']: 'A',
      [names.genres ?? 'genres']: "[{'id': 18, 'name': 'Drama'}]",
    });
    const load = async (period: string, names: Record<string, string>) =>
      loadRecords(
        pool(),
        'movies_metadata',
        period,
        [film(names)],
        feed.columns.map((column) => names[column] ?? column),
      );
    const reading = (names: Record<string, string>) =>
      filmMapping.map((row) => {
        const [column, entryField] = row.source_field.split('.') as [string, string?];
        const field = names[column] ?? column;
        return { ...row, source_field: entryField === undefined ? field : `${field}.${entryField}` };
      });
    const named = async () => {
      const { rows } = await pool().query(
        `select m.title, g.name, l.genre_id from warehouse.movies m
         left join warehouse.movie_genres l on l.movie_id = m.movie_id and not l.deleted
         left join warehouse.genres g on g.id = l.genre_id and not g.deleted
         where not m.deleted`,
      );
      return rows;
    };
    const whole = [{ title: 'A', name: 'Drama', genre_id: 18 }];
    const renamed = { title: 'film_title', genres: 'genre_list' };

    beforeEach(() => emptyAll(pool()));

    it('is read under its former name in earlier files, also with the current mapping', async () => {
      await install(pool(), filmMapping);
      await clean(pool(), [await load('2017-08', {})]);
      await install(pool(), reading(renamed));
      expect(await verify(pool(), 'current')).toEqual([]);
      await swapIn(pool(), 'current');
      expect(await named()).toEqual(whole);
      const used = await pool().query('select distinct mapping_version from support.file_transform');
      expect(used.rows).toHaveLength(1);
      // It stays so: when rebuilt as recorded, in the history that a late file has written again, and next to current files.
      expect(await verify(pool())).toEqual([]);
      await clean(pool(), [await load('2017-07', renamed)]);
      await clean(pool(), [await load('2017-09', renamed)]);
      expect(await named()).toEqual(whole);
      expect((await historyOf(pool(), 'movies')).map(({ said_in, title }) => [said_in, title])).toEqual([
        ['2017-07', 'A'],
      ]);
      expect(await verify(pool())).toEqual([]);
      expect(await verify(pool(), 'current')).toEqual([]);
    });

    it('is read under its former name in a file that was loaded before and cleaned after the change', async () => {
      await install(pool(), filmMapping);
      const held = await load('2017-08', {});
      await install(pool(), reading(renamed));
      await clean(pool(), [held]);
      expect(await named()).toEqual(whole);
      expect(await verify(pool())).toEqual([]);
    });

    it('is not read when it was hashed before and would now be read unhashed', async () => {
      const ratings = initialMapping.filter((row) => row.end_table === 'movie_ratings');
      const rated = () =>
        loadRecords(pool(), 'ratings', '2017-08', [
          { userId: '7', movieId: '1', rating: '4', timestamp: '1' },
        ]);
      await install(pool(), ratings);
      await clean(pool(), [await rated()]);
      const before = await historyOf(pool(), 'movie_ratings');
      expect(before).toHaveLength(1);
      const held = await rated();
      const bare = { source_field: 'rater', transform: null };
      await install(
        pool(),
        ratings.map((row) => (row.source_field === 'userId' ? { ...row, ...bare } : row)),
      );
      await clean(pool(), [held]);
      await swapIn(pool(), 'current');
      expect(await historyOf(pool(), 'movie_ratings')).toEqual(before);
    });

    it('is read from all entries of a table, or from none when one of their fields would now be read unhashed', () => {
      const genres = filmMapping.filter((row) => row.end_table === 'genres');
      const hashed = genres.map((row) =>
        row.end_field === 'name' ? { ...row, transform: 'pii_hash' } : row,
      );
      const read = (rows: readonly MappingRow[], former: readonly MappingRow[]) =>
        readByFormerNames(rows, former, { header: feed.columns, sourceTable: 'src_movies_metadata' }).map(
          (row) => row.source_field,
        );
      const now = genres.map((row) => ({
        ...row,
        source_field: row.source_field.replace('genres', 'genre_list'),
      }));
      expect(read(now, genres)).toEqual(['genres.id', 'genres.name']);
      expect(read(now, hashed)).toEqual(['genre_list.id', 'genre_list.name']);
      // A field that is new is one of the same entries.
      expect(read(now, genres.slice(0, 1))).toEqual(['genres.id', 'genres.name']);
    });
  });
});
