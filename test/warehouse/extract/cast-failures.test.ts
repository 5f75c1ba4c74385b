import { randomBytes } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { initialMapping } from '../../../src/dataset/mapping.js';
import { useDatabase } from '../../database-fixture.js';
import { clean, install } from '../cleaning.js';
import { emptyAll } from '../history/history.js';
import { verify } from '../rebuild/rebuilding.js';
import { loadRecords, type SourceRecord } from '../source-rows.js';

describe('values that cannot be used', () => {
  const database = useDatabase();
  const pool = () => database.pools.pipeline;
  const film = (record: SourceRecord): SourceRecord => ({
    id: '1',
    title: 'One',
    genres: "[{'id': 18, 'name': 'Drama'}]",
    ...record,
  });
  const cleanFilms = async (...records: SourceRecord[]) =>
    clean(pool(), [await loadRecords(pool(), 'movies_metadata', '2017-08', records)]);
  const issues = async () =>
    (
      await pool().query(
        'select record_number, table_name, column_name, value, reason from support.issue order by id',
      )
    ).rows;

  beforeAll(() => install(pool()));
  beforeEach(() => emptyAll(pool()));

  it.each([
    ['budget', 'NaN'],
    ['budget', 'Infinity'],
    ['budget', '/ff9qCepilowshEtG2GYWwzt2bs4.jpg'],
    ['release_date', '2017-02-30'],
    ['release_date', '22'],
    ['release_date', 'today'],
    ['vote_count', '12.5'],
    ['vote_count', '99999999999'],
    ['vote_count', '0x1F'],
    ['vote_count', '15e-1'],
    ['vote_count', '1e+10'],
    ['budget', '1,500,000'],
    ['release_date', '2/1/2015'],
    ['release_date', '2015-01-02T22:00:00Z'],
    ['release_date', '2015-02-30T00:00:00'],
    ['adult', '1.5'],
    ['adult', ' - Written by Ørnås'],
  ])('become null and an issue: %s = %s', async (column, value) => {
    const { movies } = await cleanFilms(film({ [column]: value }));
    expect(movies).toMatchObject({ inserted: 1, issues: 1, rejected: 0 });
    const { rows } = await pool().query(`select ${column} as value from warehouse.movies`);
    expect(rows).toEqual([{ value: null }]);
    expect(await issues()).toEqual([
      {
        record_number: 1,
        table_name: 'movies',
        column_name: column,
        value: value.trim(),
        reason: 'value_not_castable',
      },
    ]);
  });

  it.each([
    ['genres', 'genres', "[{'id': 18, 'name': 'WRONG'}, {'id': 9, 'name': 'Nowhere'}]", ['Drama']],
    ['production_companies', 'production_companies', "[{'id': 3, 'name': 'WRONG'}]", ['Pixar']],
  ])('in the key of a record: it names nothing in %s either', async (table, column, entries, names) => {
    const known = { production_companies: "[{'id': 3, 'name': 'Pixar'}]" };
    const counts = await cleanFilms(film(known), film({ ...known, id: '1997-08-20', [column]: entries }));
    expect(counts[table]).toMatchObject({ entries: 1, inserted: 1, unchanged: 0, rejected: 0 });
    const { rows } = await pool().query(`select name from warehouse.${table} order by name`);
    expect(rows.map((row) => row.name)).toEqual(names);
    expect(await verify(pool())).toEqual([]);
  });

  it.each([
    ['budget', '0', null],
    ['budget', '30000000', '30000000'],
    ['popularity', '7e-06', '0.000007'],
    ['vote_count', '5415.0', 5415],
    ['vote_count', '2147483647', 2147483647],
    ['release_date', '2016-02-29', '2016-02-29'],
    ['vote_count', '1e+03', 1000],
    ['vote_count', '1.5e1', 15],
    ['vote_count', '\u00a0100\u00a0', 100],
    ['budget', '2.00000e+07', '20000000'],
    ['budget', '20000000\u3000', '20000000'],
    ['release_date', '2015-01-02T00:00:00.000Z', '2015-01-02'],
    ['release_date', '2015-01-02 00:00:00', '2015-01-02'],
    ['release_date', '2015-01-02T00:00:00+02:00', '2015-01-02'],
    ['release_date', '2015-01-02 00:00:00 UTC', '2015-01-02'],
    ['release_date', '\u200b2015-01-02', '2015-01-02'],
    ['adult', '1.0', true],
    ['adult', '0.0', false],
    ['adult', 'True', true],
    ['title', '', null],
    ['title', '  Blanks ', '  Blanks '],
  ])('are not reported for %s = %j', async (column, value, expected) => {
    await cleanFilms(film({ [column]: value }));
    const { rows } = await pool().query(`select ${column} as value from warehouse.movies`);
    expect(rows).toEqual([{ value: expected }]);
    expect(await issues()).toEqual([]);
  });

  it('are not reported for times as seconds, as milliseconds and as ISO text, which is in UTC without a zone', async () => {
    const times = [
      ...['1425941529', '1425941529.0', '1425941529000', '2015-03-09 22:52:09'],
      ...['2015-03-09T22:52:09Z', '2015-03-10T00:52:09+02:00', '\u00a01425941529'],
    ];
    const ratings = times.map((timestamp, index) => ({
      userId: '1',
      movieId: String(index + 1),
      rating: '4.0',
      timestamp,
    }));
    await clean(pool(), [await loadRecords(pool(), 'ratings', '2017-08', ratings)]);
    const { rows } = await pool().query(
      `select extract(epoch from rating_timestamp)::text as seconds, count(*)::int as ratings
       from warehouse.movie_ratings group by 1`,
    );
    expect(rows).toEqual([{ seconds: '1425941529.000000', ratings: times.length }]);
    expect(await issues()).toEqual([]);
  });

  it('make one reject of a record with an unusable key, however many tables it fills', async () => {
    const counts = await cleanFilms(
      film({ title: 'A title\non two lines' }),
      film({ id: '1997-08-20', title: 'Say "when", then', adult: null }),
      film({ id: null }),
      film({ id: '2' }),
    );
    expect(counts.movies).toMatchObject({ entries: 4, inserted: 2, rejected: 2 });
    expect(counts.movie_genres).toMatchObject({ entries: 4, inserted: 2, rejected: 2 });
    const { rows } = await pool().query(
      'select record_number, line_number, reason, detail, raw from source.reject order by record_number',
    );
    expect(rows).toEqual([
      {
        record_number: 2,
        line_number: 4,
        reason: 'key_not_usable',
        detail: 'The record\'s id is "1997-08-20", expected a value of type integer.',
        raw: ',,,"[{\'id\': 18, \'name\': \'Drama\'}]",,1997-08-20,,,,,,,,,,,,,,,"Say ""when"", then",,,',
      },
      expect.objectContaining({
        record_number: 3,
        line_number: 5,
        detail: 'The record has no id, which identifies it.',
      }),
    ]);
  });

  it('keep a record without a key complete, including columns that the feed does not have', async () => {
    const records = [
      { id: '1', keywords: '[]', note: 'on two\nlines' },
      { id: 'x', keywords: '[]', note: 'kept, too' },
    ];
    const header = ['note', 'Keywords', 'ID'];
    await clean(pool(), [await loadRecords(pool(), 'keywords', '2017-08', records, header)]);
    const { rows } = await pool().query('select line_number, raw from source.reject');
    expect(rows).toEqual([{ line_number: 4, raw: '"kept, too",[],x' }]);
  });

  it.each([
    ['none', '[]'],
    ['nothing', null],
    ['what cannot be read', "[{'id': 931, 'na"],
  ])('make a reject of a record with an unusable key although it lists %s', async (_what, keywords) => {
    const records = [
      { id: '1', keywords: "[{'id': 931, 'name': 'jealousy'}]" },
      { id: 'x', keywords },
    ];
    await clean(pool(), [await loadRecords(pool(), 'keywords', '2017-08', records)]);
    const { rows } = await pool().query('select record_number, line_number, reason from source.reject');
    expect(rows).toEqual([{ record_number: 2, line_number: 3, reason: 'key_not_usable' }]);
  });

  it('leave out an entry without its key and keep the other entries', async () => {
    const { genres } = await cleanFilms(
      film({ genres: "[{'name': 'Nameless'}, {'id': 'x', 'name': 'Odd'}, {'id': 18, 'name': 'Drama'}]" }),
    );
    expect(genres).toMatchObject({ entries: 3, inserted: 1, rejected: 2 });
    expect((await issues()).filter((issue) => issue.table_name === 'genres')).toEqual([
      { record_number: 1, table_name: 'genres', column_name: 'id', value: null, reason: 'entry_key_missing' },
      {
        record_number: 1,
        table_name: 'genres',
        column_name: 'id',
        value: 'x',
        reason: 'entry_key_not_castable',
      },
    ]);
  });

  it('make one issue, with a position, of a literal that cannot be read', async () => {
    await cleanFilms(film({ genres: "[{'id': 18, 'name': 'Dra" }));
    expect(await issues()).toEqual([
      {
        record_number: 1,
        table_name: 'src_movies_metadata',
        column_name: 'genres',
        value: "[{'id': 18, 'name': 'Dra",
        reason: 'malformed_literal',
      },
    ]);
  });

  it('are texts that are too long for an index, and no shorter ones', async () => {
    // Of hexadecimal digits at random, so that they cannot be compressed to fit.
    const long = randomBytes(4000).toString('hex');
    const countries = `[{'iso_3166_1': '${long}', 'name': 'N'}]`;
    const counts = await cleanFilms(
      film({
        imdb_id: long,
        title: long,
        production_countries: countries,
        production_companies: `[{'id': 1, 'name': '${long}'}]`,
      }),
    );
    const credits = `[{'credit_id': '${long}', 'id': 1}, {'credit_id': 'c', 'id': 2}]`;
    await clean(pool(), [await loadRecords(pool(), 'credits', '2017-08', [{ id: '1', cast: credits }])]);
    expect(counts).toMatchObject({
      movies: { inserted: 1, rejected: 0, issues: 1 },
      production_companies: { inserted: 1, issues: 0 },
      production_countries: { entries: 1, inserted: 0, rejected: 1, issues: 1 },
      movie_production_countries: { entries: 1, inserted: 0, rejected: 1, issues: 1 },
    });
    const { rows } = await pool().query(`
      select title, imdb_id, (select array_agg(cast_member_id) from warehouse.movie_cast_members) as cast,
        (select array_agg(distinct detail order by detail) from support.issue) as details
      from warehouse.movies`);
    expect(rows).toEqual([
      {
        title: long,
        imdb_id: null,
        cast: [2],
        details: [
          'Entry 1 of cast was left out, because its credit_id is not a valid text of at most 2000 bytes.',
          'Entry 1 of production_countries was left out, because its id is not a valid text of at most 2000 bytes.',
          'Entry 1 of production_countries was left out, because its production_country_id is not a valid text of at most 2000 bytes.',
          'The value is not a valid text of at most 2000 bytes; the field was left empty.',
        ],
      },
    ]);
  });

  it('are missing from every table, whenever it is filled, when a literal contains a text that a database cannot store', async () => {
    await cleanFilms(film({ genres: "[{'id': 18, 'name': '\\ud800'}]" }));
    const { rows } = await pool().query('select from warehouse.movie_genres');
    expect(rows).toEqual([]);
    expect(await verify(pool())).toEqual([]);
  });

  it('keep a code that the standard does not have, with the vendor’s name', async () => {
    await cleanFilms(film({ spoken_languages: "[{'iso_639_1': 'xx', 'name': 'No Language'}]" }));
    const { rows } = await pool().query(`
      select l.id, name, standard from warehouse.movie_spoken_languages m
      join warehouse.spoken_languages l on l.id = m.spoken_language_id`);
    expect(rows).toEqual([{ id: 'xx', name: 'No Language', standard: false }]);
    expect(await issues()).toEqual([
      {
        record_number: 1,
        table_name: 'spoken_languages',
        column_name: 'id',
        value: 'xx',
        reason: 'code_not_in_standard',
      },
    ]);
  });

  it('are keys that mean unknown according to the mapping', async () => {
    const keys = ['movies.movie_id', 'genres.id'];
    await install(
      pool(),
      initialMapping.map((row) =>
        keys.includes(`${row.end_table}.${row.end_field}`) ? { ...row, transform: 'zero_as_null' } : row,
      ),
    );
    const counts = await cleanFilms(
      film({ genres: "[{'id': 0, 'name': 'None'}, {'id': 18, 'name': 'Drama'}]" }),
      film({ id: '0' }),
    );
    expect(counts.movies).toMatchObject({ entries: 2, inserted: 1, rejected: 1 });
    expect(counts.genres).toMatchObject({ entries: 2, inserted: 1, rejected: 1 });
    const { rows } = await pool().query(
      'select (select array_agg(detail) from source.reject) as rejects, (select array_agg(detail) from support.issue) as issues',
    );
    expect(rows).toEqual([
      {
        rejects: ['The record\'s id is "0", expected a value of type integer other than 0.'],
        issues: ['Entry 1 of genres was left out, because its id is not a valid integer other than 0.'],
      },
    ]);
    await install(pool());
  });
});
