import { beforeEach, describe, expect, it } from 'vitest';
import { useDatabase } from '../../database-fixture.js';
import { emptyDatabase } from '../empty-database.js';
import { filmWorld } from '../film-world.js';
import { publishReports } from '../publish-reports.js';
import { addFile, fillWarehouse, insert } from '../warehouse-rows.js';

const genre = 'genre_report';
const company = 'production_company_report';

describe('the cause of a change', () => {
  const database = useDatabase();

  beforeEach(async () => {
    await emptyDatabase(database.pools.owner);
    await fillWarehouse(
      database.pools.pipeline,
      filmWorld(
        { title: 'Toy Story', budget: 30, revenue: 373, companies: [3, 4], popularity: 2 },
        { title: 'Coco', budget: 175, releaseDate: '2017-09-15', companies: [3] },
        { title: 'Up', budget: 100, companies: [3, 4, 5], genres: [16, 35] },
      ),
    );
    await publishReports(database.pools.pipeline);
  });

  const write = (statement: string) => database.pools.pipeline.query(statement);

  /** The causes told with publication 2 for a cell, or with a null column for the row. */
  async function causes(
    report: string,
    key: object,
    column: string | null,
  ): Promise<Record<string, unknown>[]> {
    await publishReports(database.pools.pipeline);
    const { rows } = await database.pools.reader.query(
      `select cause from reporting.report_change
       where publication = 2 and report = $1 and row_key @> $2 and column_name is not distinct from $3`,
      [report, JSON.stringify(key), column],
    );
    expect(rows).toHaveLength(1);
    return rows[0].cause;
  }

  async function newVersion(movieId: number, assignment: string, period = '2017-09'): Promise<void> {
    const file = await addFile(database.pools.pipeline, period);
    await write(`
      with closed as (
        update warehouse.movies set deleted = true, deleted_date = now(), valid_to = '${period}-01'
        where movie_id = ${movieId} and not deleted returning *
      )
      insert into warehouse.movies
        (movie_id, title, budget, revenue, popularity, release_date, status, file_id, record_number, valid_from)
      select movie_id, title, budget, revenue, popularity, release_date, status, ${file}, 7, '${period}-01' from closed`);
    await write(`update warehouse.movies set ${assignment} where movie_id = ${movieId} and not deleted`);
  }

  it('is a changed field of a film, with its old and its new value, its file and its record', async () => {
    await newVersion(1, 'budget = 40');
    expect(await causes(genre, { year: 1995, genre_id: 16 }, 'budget')).toEqual([
      {
        kind: 'changed',
        movie_id: 1,
        name: 'Toy Story',
        fields: [
          { field: 'budget', old: '30', new: '40' },
          { field: 'profit', old: '343', new: '333' },
        ],
        version: expect.any(Number),
        earlierVersion: expect.any(Number),
        file: 'movies_metadata.csv',
        period: '2017-09',
        record: 7,
        amounts: { budget: '10' },
      },
    ]);
  });

  it('is no film of which another version says the same, as far as the report asks', async () => {
    await newVersion(3, `tagline = 'Higher'`);
    await newVersion(1, 'popularity = 4');
    const told = await causes(genre, { year: 1995, genre_id: 16 }, 'average_popularity');
    expect(told).toMatchObject([{ kind: 'changed', movie_id: 1 }]);
  });

  it('is no film that changed in something else than what the value follows from', async () => {
    const { pipeline, reader } = database.pools;
    await newVersion(1, 'budget = 40');
    await newVersion(3, 'popularity = 4, vote_count = 8, vote_average = 7');
    const file_id = await addFile(pipeline, '2017-10');
    const origin = { file_id, valid_from: '2017-10-01', record_number: 5 };
    const unpopular = { movie_id: 9, title: 'New', release_date: '1995-05-05' };
    await insert(pipeline, 'movies', [{ ...origin, ...unpopular }]);
    await insert(pipeline, 'movie_genres', [{ ...origin, movie_id: 9, genre_id: 16 }]);
    const told = await causes(genre, { year: 1995, genre_id: 16 }, 'average_popularity');
    expect(told).toMatchObject([{ kind: 'changed', movie_id: 3 }]);
    // Another film has votes now: the first one's score is drawn elsewhere, and its budget is no cause of that.
    await write('update warehouse.movies set vote_count = 1, vote_average = 9 where movie_id = 2');
    await newVersion(3, 'budget = 50, vote_count = 8, vote_average = 7');
    await publishReports(pipeline);
    const { rows } = await reader.query(
      `select cause from reporting.report_change
       where publication = 3 and report = 'movie_score_report' and column_name = 'movie_score' and row_key = '{"movie_id": 3}'`,
    );
    expect(rows).toMatchObject([{ cause: [{ kind: 'together', count: 1 }, { kind: 'of all' }] }]);
  });

  it('is a late period where the file is of an earlier month than the newest known', async () => {
    await newVersion(1, 'budget = 40', '2017-07');
    const [cause] = await causes(genre, { year: 1995, genre_id: 16 }, 'budget');
    expect(cause).toMatchObject({ kind: 'changed', period: '2017-07', late: true });
  });

  it('is no late period where the film was known, and something else of it changed', async () => {
    const { pipeline } = database.pools;
    await addFile(pipeline, '2017-09', 'links.csv');
    await publishReports(pipeline);
    const file_id = await addFile(pipeline, '2017-10');
    const link = { movie_id: 1, genre_id: 35, file_id, valid_from: '2017-10-01', record_number: 1 };
    await insert(pipeline, 'movie_genres', [link]);
    await publishReports(pipeline);
    const { rows } = await database.pools.reader.query(
      `select cause -> 0 as cause from reporting.report_change
       where publication = 3 and report = 'genre_report' and row_key @> '{"genre_id": 35}' and column_name = 'release_count'`,
    );
    expect(rows).toMatchObject([{ cause: { kind: 'new link', movie_id: 1, period: '2017-10' } }]);
    expect(rows[0].cause).not.toHaveProperty('late');
  });

  it('is a new film', async () => {
    const file_id = await addFile(database.pools.pipeline, '2017-09');
    const origin = { file_id, valid_from: '2017-09-01', record_number: 5 };
    const film = { movie_id: 9, title: 'New', release_date: '1995-05-05', budget: 7, status: 'Released' };
    await insert(database.pools.pipeline, 'movies', [{ ...origin, ...film }]);
    await insert(database.pools.pipeline, 'movie_genres', [{ ...origin, movie_id: 9, genre_id: 16 }]);
    expect(await causes(genre, { year: 1995, genre_id: 16 }, 'budget')).toMatchObject([
      { kind: 'new', movie_id: 9, name: 'New', record: 5, amounts: { budget: '7' } },
    ]);
  });

  it('is a film that the as-of day has released', async () => {
    await addFile(database.pools.pipeline, '2017-09');
    const key = { production_company_id: 3, year: 2017 };
    expect(await causes(company, key, 'budget')).toMatchObject([
      {
        kind: 'released',
        name: 'Coco',
        fields: expect.arrayContaining([
          { field: 'left_out', old: 'unreleased on the as-of day', new: null },
        ]),
        amounts: { budget: '175' },
      },
    ]);
  });

  it('is a link retired by hand, with who and why, and the new shares of those that stay', async () => {
    await write(`update warehouse.movie_production_companies set deleted = true, deleted_date = now()
                 where movie_id = 3 and production_company_id = 4`);
    await write(`insert into support.retirement (table_name, row_key, reason, actor) values
                 ('movie_production_companies', '{"movie_id": "3", "production_company_id": "4"}', 'not theirs', 'ann')`);
    await publishReports(database.pools.pipeline);
    const { rows } = await database.pools.reader.query(
      `select row_key ->> 'production_company_id' as id, cause from reporting.report_change
       where publication = 2 and report = $1 and column_name = 'budget_share' order by 1`,
      [company],
    );
    expect(rows).toMatchObject([
      { id: '3', cause: [{ kind: 'related', name: 'Up', amounts: { budget_share: '16.67' } }] },
      {
        id: '4',
        cause: [
          { kind: 'retired link', reason: 'not theirs', by: 'ann', amounts: { budget_share: '-33.33' } },
        ],
      },
      { id: '5', cause: [{ kind: 'related', name: 'Up', amounts: { budget_share: '16.67' } }] },
    ]);
  });

  it('is a film that moved to another year, for the row it left and for the one it joined', async () => {
    await newVersion(3, `release_date = '1996-01-01'`);
    expect(await causes(genre, { year: 1996, genre_id: 35 }, null)).toMatchObject([
      { kind: 'joined', name: 'Up', amounts: { budget: '100', release_count: '1', budget_movie_count: '1' } },
    ]);
    const { rows } = await database.pools.reader.query(
      `select cause from reporting.report_change where change = 'delete' and report = $1`,
      [genre],
    );
    const moved = {
      fields: [{ field: 'release_date', old: '1995-10-30', new: '1996-01-01' }],
      period: '2017-09',
      record: 7,
      version: expect.any(Number),
      earlierVersion: expect.any(Number),
    };
    expect(rows[0].cause).toMatchObject([
      { kind: 'left', name: 'Up', amounts: { budget: '-100' }, ...moved },
    ]);
    const { rows: others } = await database.pools.reader.query(
      `select cause from reporting.report_change where change = 'insert' and report = $1 and publication = 2`,
      [genre],
    );
    expect(others[0].cause).toMatchObject([{ kind: 'joined', ...moved }]);
  });

  it('is the rounding of a sum, beside the films, where it is', async () => {
    await newVersion(3, 'budget = 100.01');
    const all = await causes(company, { production_company_id: 3, year: 1995 }, 'budget_share');
    expect(all).toMatchObject([
      { kind: 'changed', name: 'Up', amounts: { budget_share: '0' } },
      { kind: 'rounding', amounts: { budget_share: '0.01' } },
    ]);
  });

  it('is how many films changed in the rows it is computed together with, where none of its own did', async () => {
    await newVersion(3, 'popularity = 1');
    const score = { movie_id: 1 };
    await write('update warehouse.movies set vote_count = 10, vote_average = 5 where movie_id = 1');
    await publishReports(database.pools.pipeline);
    await write('update warehouse.movies set vote_count = 1, vote_average = 9 where movie_id = 2');
    await publishReports(database.pools.pipeline);
    const { rows } = await database.pools.reader.query(
      `select cause from reporting.report_change
       where publication = 3 and report = 'movie_score_report' and column_name = 'movie_score' and row_key = $1`,
      [score],
    );
    const ofAll = expect.arrayContaining([
      { field: 'm', old: '10', new: '9.1' },
      { field: 'C', old: '5.0000000000', new: '5.3636363636' },
    ]);
    expect(rows).toEqual([
      {
        cause: [
          { kind: 'together', count: 1 },
          { kind: 'of all', fields: ofAll },
        ],
      },
    ]);
  });

  it('is films of other rows besides, of a place among rows', async () => {
    await write('update warehouse.movies set popularity = 1 where movie_id = 3');
    await publishReports(database.pools.pipeline);
    // Animation leads, and falls behind Comedy though its own film rises.
    await newVersion(1, 'popularity = 2.5');
    const file_id = await addFile(database.pools.pipeline, '2017-10');
    const origin = { file_id, valid_from: '2017-10-01', record_number: 5 };
    await insert(database.pools.pipeline, 'movies', [
      { ...origin, movie_id: 9, title: 'New', release_date: '1995-05-05', popularity: 9 },
    ]);
    await insert(database.pools.pipeline, 'movie_genres', [{ ...origin, movie_id: 9, genre_id: 35 }]);
    await publishReports(database.pools.pipeline);
    const { rows } = await database.pools.reader.query(
      `select old_value, new_value, cause from reporting.report_change
       where publication = 3 and column_name = 'popularity_rank' and row_key @> '{"genre_id": 16}'`,
    );
    expect(rows).toMatchObject([{ old_value: '1', new_value: '2' }]);
    expect(rows[0].cause).toMatchObject([
      { kind: 'changed', movie_id: 1 },
      { kind: 'together', count: 1 },
    ]);
  });

  it('is 200 films by name at most, of a sum those that changed it most, and the others as one amount', async () => {
    await emptyDatabase(database.pools.owner);
    await fillWarehouse(
      database.pools.pipeline,
      filmWorld(...Array.from({ length: 203 }, () => ({ budget: 10, popularity: 1 }))),
    );
    await publishReports(database.pools.pipeline);
    await write('update warehouse.movies set budget = budget + movie_id, popularity = 1 + movie_id');
    const key = { genre_id: 16 };
    const budget = await causes(genre, key, 'budget');
    expect(budget).toHaveLength(201);
    expect(budget[0]).toMatchObject({ kind: 'related', movie_id: 203, amounts: { budget: '203' } });
    expect(budget.at(-1)).toEqual({ kind: 'others', count: 3, amounts: { budget: '6' } });
    const { rows } = await database.pools.reader.query(
      `select cause from reporting.report_change
       where publication = 2 and report = $1 and column_name = 'average_popularity'`,
      [genre],
    );
    expect(rows[0].cause).toHaveLength(201);
    expect(rows[0].cause[0]).toMatchObject({ movie_id: 1 });
    expect(rows[0].cause[0]).not.toHaveProperty('amounts');
    expect(rows[0].cause.at(-1)).toEqual({ kind: 'others', count: 3, amounts: {} });
  });

  it('tells names as they are written, with quotes, backslashes and line ends', async () => {
    const title = 'A "film" \\ of\nlines';
    await newVersion(1, 'budget = 40');
    await database.pools.pipeline.query('update warehouse.movies set title = $1 where movie_id = 1', [title]);
    const [cause] = await causes(genre, { year: 1995, genre_id: 16 }, 'budget');
    expect(cause!.name).toBe(title);
  });

  it('is the delivery where no film is behind it', async () => {
    await addFile(database.pools.pipeline, '2017-07', 'links.csv');
    await write(`update warehouse.genres set name = 'Comedies' where id = 35`);
    expect(await causes(genre, { year: 1995, genre_id: 35 }, 'genre_name')).toEqual([
      { kind: 'new file', feed: 'links', period: '2017-07', name: 'links.csv', late: true },
    ]);
  });
});
