import { beforeEach, describe, expect, it } from 'vitest';
import { causeText } from '../../../src/reporting/explain/cause-text.js';
import { useDatabase } from '../../database-fixture.js';
import { emptyDatabase } from '../empty-database.js';
import { filmWorld } from '../film-world.js';
import { publishReports } from '../publish-reports.js';
import { addFile, fillWarehouse, insert } from '../warehouse-rows.js';

describe('the cause of a change in what films are linked to', () => {
  const database = useDatabase();
  const pool = () => database.pools.pipeline;

  beforeEach(async () => {
    await emptyDatabase(database.pools.owner);
    await fillWarehouse(
      pool(),
      filmWorld(
        { title: 'Toy Story', budget: 30, companies: [3, 4] },
        { title: 'Up', budget: 100, companies: [3], genres: [16, 35] },
        { title: 'Undated', budget: 7, releaseDate: null },
      ),
    );
    await publishReports(pool());
  });

  async function causes(report: string, key: object, column: string | null = null) {
    await publishReports(pool());
    const { rows } = await database.pools.reader.query<{ cause: Record<string, unknown>[] }>(
      `select cause from reporting.report_change
       where publication = 2 and report = $1 and row_key @> $2 and column_name is not distinct from $3`,
      [report, JSON.stringify(key), column],
    );
    expect(rows).toHaveLength(1);
    return rows[0]!.cause as { kind: string }[];
  }

  async function link(table: string, row: object, record_number = 12): Promise<void> {
    const file_id = await addFile(pool(), '2017-09');
    await insert(pool(), table, [{ ...row, file_id, record_number, valid_from: '2017-09-01' }]);
  }

  const end = (table: string, condition: string) =>
    pool().query(`update warehouse.${table} set deleted = true, deleted_date = now() where ${condition}`);

  const version = expect.any(Number);

  it('is a new link, with its own file and record', async () => {
    await link('movie_genres', { movie_id: 1, genre_id: 35 });
    const [cause, ...others] = await causes('genre_report', { year: 1995, genre_id: 35 }, 'budget');
    expect(cause).toEqual({
      kind: 'new link',
      movie_id: 1,
      name: 'Toy Story',
      table: 'movie_genres',
      key: { movie_id: '1', genre_id: '35' },
      version,
      file: 'movies_metadata.csv',
      period: '2017-09',
      record: 12,
      amounts: { budget: '30' },
    });
    expect(others).toEqual([]);
    expect(causeText(cause!, 'film', 'movie_id')).toMatch(
      /^Toy Story \(film 1\): movie_genres with genre_id 35, movie_id 1 is new; movies_metadata.csv of 2017-09, record 12, /,
    );
  });

  it('is the one of two links that is new', async () => {
    await link('movie_production_companies', { movie_id: 2, production_company_id: 4 });
    const key = { production_company_id: 4, year: 1995, genre_id: 35 };
    expect(await causes('production_company_genre_report', key)).toMatchObject([
      {
        kind: 'new link',
        table: 'movie_production_companies',
        key: { movie_id: '2', production_company_id: '4' },
        record: 12,
      },
    ]);
  });

  it('is a link that is no longer said, with the file and the record that said so last', async () => {
    await addFile(pool(), '2017-09');
    await end('movie_genres', 'movie_id = 2 and genre_id = 35');
    expect(await causes('genre_report', { year: 1995, genre_id: 35 })).toMatchObject([
      { kind: 'gone link', movie_id: 2, table: 'movie_genres', period: '2017-08', record: 1 },
    ]);
  });

  it('is the film where the film itself is new, or moved, or is gone', async () => {
    const file_id = await addFile(pool(), '2017-09');
    const origin = { file_id, record_number: 5, valid_from: '2017-09-01' };
    await end('movies', 'movie_id in (1, 3)');
    const dated = { movie_id: 3, title: 'Undated', status: 'Released', release_date: '1999-01-01' };
    const date = { field: 'release_date', new: '1999-01-01' };
    const film = { movie_id: 9, title: 'New', status: 'Released', release_date: '1998-01-01' };
    await insert(pool(), 'movies', [dated, film], origin);
    await insert(pool(), 'movie_genres', [{ ...origin, movie_id: 9, genre_id: 16 }]);
    expect(await causes('genre_report', { year: 1999 })).toMatchObject([
      { kind: 'joined', movie_id: 3, record: 5, fields: expect.arrayContaining([date]) },
    ]);
    const { rows } = await database.pools.reader.query(
      `select cause from reporting.report_change where publication = 2
         and (report, row_key ->> 'year', change) = ('genre_report', '1998', 'insert')
         or (report, row_key ->> 'movie_id', change) = ('movie_genre_report', '1', 'delete') order by report`,
    );
    expect(rows).toMatchObject([
      { cause: [{ kind: 'new', movie_id: 9 }] },
      { cause: [{ kind: 'gone', movie_id: 1 }] },
    ]);
  });

  it('is the new name of a genre, with its old one, its file and record, and no film', async () => {
    const file_id = await addFile(pool(), '2017-09');
    await end('genres', 'id = 16');
    const renamed = { id: 16, name: 'Animated', file_id, record_number: 8, valid_from: '2017-09-01' };
    await insert(pool(), 'genres', [renamed]);
    await pool().query('update warehouse.movies set budget = 31 where movie_id = 1');
    const told = await causes('genre_report', { year: 1995, genre_id: 16 }, 'genre_name');
    expect(told).toEqual([
      {
        kind: 'changed',
        table: 'genres',
        key: { id: '16' },
        name: 'Animated',
        fields: [{ field: 'name', old: 'Animation', new: 'Animated' }],
        version,
        earlierVersion: version,
        file: 'movies_metadata.csv',
        period: '2017-09',
        record: 8,
      },
    ]);
    expect(causeText(told[0]!, 'film', 'movie_id')).toMatch(
      /^genres with id 16 changed; name Animation -> Animated; movies_metadata.csv of 2017-09, record 8, /,
    );
  });

  it('is the company renamed by a late file, in each report that shows the name', async () => {
    const file_id = await addFile(pool(), '2017-07');
    await pool().query(
      `update warehouse.production_companies set name = 'Ghibli', file_id = $1, created_date = now() where id = 4`,
      [file_id],
    );
    await publishReports(pool());
    const { rows } = await database.pools.reader.query(
      `select report, cause from reporting.report_change
       where publication = 2 and column_name = 'production_company_name' order by report`,
    );
    expect(rows.map(({ report }) => report)).toEqual([
      'production_company_genre_report',
      'production_company_movies_report',
      'production_company_report',
    ]);
    for (const { cause } of rows) {
      expect(cause).toMatchObject([
        { kind: 'changed', table: 'production_companies', key: { id: '4' }, period: '2017-07', late: true },
      ]);
    }
  });
});
