import { beforeEach, describe, expect, it } from 'vitest';
import { inTransaction } from '../../../src/database/transaction.js';
import { reports } from '../../../src/dataset/reports/reports.js';
import { parseKey } from '../../../src/reporting/definition/report-key.js';
import { explain } from '../../../src/reporting/explain/explain.js';
import { publish } from '../../../src/reporting/publish/publish.js';
import { useDatabase } from '../../database-fixture.js';
import { emptyDatabase } from '../empty-database.js';
import { filmWorld } from '../film-world.js';
import { buildAll, checkAll, exportedRows, publishReports, report } from '../publish-reports.js';
import { addFile, fillWarehouse, insert } from '../warehouse-rows.js';

describe('publishing', () => {
  const database = useDatabase();

  beforeEach(async () => {
    await emptyDatabase(database.pools.owner);
    await fillWarehouse(
      database.pools.pipeline,
      filmWorld({ title: 'Toy Story', budget: 30, revenue: 373, genres: [16, 35] }, { genres: [18] }),
    );
  });

  async function changes(publication: number): Promise<Record<string, unknown>[]> {
    const { rows } = await database.pools.reader.query(
      `select report, row_key, change, column_name, old_value, new_value, cause
       from reporting.report_change where publication = $1 order by id`,
      [publication],
    );
    return rows;
  }

  it('numbers publications from 1 and tells what each reflects', async () => {
    expect(await publishReports(database.pools.pipeline)).toMatchObject({ publication: 1, published: true });
    const { rows } = await database.pools.reader.query(
      `select number, as_of_day, period, row_counts, changes, check_state, reason, drops from reporting.publication`,
    );
    expect(rows).toMatchObject([
      {
        number: 1,
        as_of_day: '2017-08-31',
        period: '2017-08',
        row_counts: { genre_report: 3, movie_score_report: 2 },
        changes: { genre_report: { inserted: 3, updated: 0, deleted: 0 } },
        check_state: 'passed',
        reason: 'load',
        drops: [{ feed: 'movies_metadata', period: '2017-08' }],
      },
    ]);
  });

  it('tells the first publication of a report as one change', async () => {
    await publishReports(database.pools.pipeline);
    const first = await changes(1);
    expect(first).toHaveLength(reports.length);
    expect(first.find((change) => change.report === 'genre_report')).toMatchObject({
      row_key: {},
      change: 'insert',
      cause: [{ kind: 'first publication', rows: 3 }],
    });
  });

  it('writes nothing when nothing differs', async () => {
    await publishReports(database.pools.pipeline);
    expect(await publishReports(database.pools.pipeline)).toMatchObject({ publication: 1, published: false });
    expect(await changes(2)).toEqual([]);
  });

  it('publishes a drop that changes no number, since it moves the as-of day', async () => {
    await publishReports(database.pools.pipeline);
    await addFile(database.pools.pipeline, '2017-09');
    expect(await publishReports(database.pools.pipeline)).toMatchObject({ publication: 2, published: true });
    const { rows } = await database.pools.reader.query(
      'select as_of_day, changes from reporting.publication where number = 2',
    );
    expect(rows).toMatchObject([
      { as_of_day: '2017-09-30', changes: { genre_report: { inserted: 0, updated: 0, deleted: 0 } } },
    ]);
  });

  it('records each changed cell with its old and its new value', async () => {
    await publishReports(database.pools.pipeline);
    await database.pools.pipeline.query('update warehouse.movies set budget = 40 where movie_id = 1');
    expect(await publishReports(database.pools.pipeline)).toMatchObject({
      publication: 2,
      changes: { genre_report: { inserted: 0, updated: 2, deleted: 0 } },
    });
    const cells = (await changes(2)).filter((change) => change.report === 'genre_report');
    expect(cells.map(({ cause: _, ...change }) => change)).toEqual(
      [16, 35].flatMap((genre_id) => [
        cell({ year: 1995, genre_id }, 'budget', '30', '40'),
        cell({ year: 1995, genre_id }, 'profit', '343', '333'),
      ]),
    );
  });

  function cell(row_key: object, column_name: string, old_value: string, new_value: string) {
    return { report: 'genre_report', row_key, change: 'update', column_name, old_value, new_value };
  }

  it('records rows that come and go whole', async () => {
    await publishReports(database.pools.pipeline);
    await database.pools.pipeline.query(
      'update warehouse.movie_genres set genre_id = 35 where genre_id = 18',
    );
    await database.pools.pipeline.query(
      'update warehouse.movie_genres set genre_id = 18 where genre_id = 16',
    );
    await publishReports(database.pools.pipeline);
    const rows = (await changes(2)).filter((change) => change.report === 'movie_genre_report');
    expect(rows.map((row) => [row.change, row.row_key])).toEqual([
      ['delete', { genre_id: 16, movie_id: 1 }],
      ['insert', { genre_id: 18, movie_id: 1 }],
      ['delete', { genre_id: 18, movie_id: 2 }],
      ['insert', { genre_id: 35, movie_id: 2 }],
    ]);
    expect(JSON.parse(rows[0]!.old_value as string)).toMatchObject({ movie_name: 'Toy Story', budget: 30 });
    expect(await exportedRows(database.pools.reader, 'movie_genre_report')).toHaveLength(3);
  });

  it('publishes nothing when a blocking check finds offenders, and keeps what was found', async () => {
    const { owner, pipeline, reader } = database.pools;
    await emptyDatabase(owner);
    await fillWarehouse(pipeline, filmWorld(...Array(50).fill({})));
    await publishReports(pipeline);
    const before = await exportedRows(reader, 'movie_score_report');
    await pipeline.query('update warehouse.movies set deleted = true where movie_id > 39');
    await expect(publishReports(pipeline)).rejects.toMatchObject({
      code: 'checks_failed',
      message: expect.stringContaining(
        'movie_score_report no_more_rows_are_lost_than_allowed (39 of 50 rows left',
      ),
    });
    expect(await exportedRows(reader, 'movie_score_report')).toEqual(before);
    const { rows } = await pipeline.query(
      `select check_name, offenders from support.check_result
       where offender_count > 0 and report = 'movie_score_report'`,
    );
    expect(rows).toEqual([
      {
        check_name: 'no_more_rows_are_lost_than_allowed',
        offenders: [{ served_rows: 50, built_rows: 39, allowed_share: 0.2 }],
      },
    ]);
  });

  it.each([
    [8, 1],
    [8, 4],
    [2, 1],
  ])('publishes that a report of %i rows loses %i', async (films, lost) => {
    expect((await loseFilms(films, lost)).published).toBe(true);
  });

  it.each([
    [8, 5],
    [8, 8],
    [1, 1],
  ])('refuses that a report of %i rows loses %i', async (films, lost) => {
    await expect(loseFilms(films, lost)).rejects.toMatchObject({
      code: 'checks_failed',
      message: expect.stringContaining('movie_score_report no_more_rows_are_lost_than_allowed ('),
    });
  });

  async function loseFilms(films: number, lost: number) {
    const { owner, pipeline } = database.pools;
    await emptyDatabase(owner);
    await fillWarehouse(pipeline, filmWorld(...Array(films).fill({})));
    await publishReports(pipeline);
    await pipeline.query('update warehouse.movies set deleted = true where movie_id <= $1', [lost]);
    return publishReports(pipeline);
  }

  it('publishes the loss of no more rows than a fifth', async () => {
    const { owner, pipeline } = database.pools;
    await emptyDatabase(owner);
    await fillWarehouse(pipeline, filmWorld(...Array(60).fill({})));
    await publishReports(pipeline);
    await pipeline.query('update warehouse.movies set deleted = true where movie_id > 48');
    expect(await publishReports(pipeline)).toMatchObject({
      changes: { movie_score_report: { deleted: 12 } },
    });
  });

  it('publishes with a warning what only warnings speak against', async () => {
    const { pipeline, reader } = database.pools;
    await pipeline.query('update warehouse.genres set name = null where id = 18');
    await publishReports(pipeline);
    const { rows } = await reader.query('select check_state, checks from reporting.publication');
    expect(rows[0].check_state).toBe('warned');
    expect(rows[0].checks).toContainEqual({
      report: 'genre_report',
      check: 'genres_have_a_name',
      severity: 'warning',
      offenders: 1,
    });
  });

  it('refuses builds that were not checked', async () => {
    const { pipeline } = database.pools;
    await buildAll(pipeline);
    await expect(
      inTransaction(pipeline, (client) => publish(client, reports, { runId: null })),
    ).rejects.toMatchObject({
      code: 'not_checked',
    });
  });

  it('refuses builds of which one was built after the warehouse went on', async () => {
    const { pipeline } = database.pools;
    const asOfDay = await buildAll(pipeline);
    await pipeline.query(
      `insert into support.retirement (table_name, row_key, reason, actor) values ('genres', '{"id": 1}', '', '')`,
    );
    await buildAll(pipeline, reports.slice(0, 1));
    await checkAll(pipeline, asOfDay);
    await expect(
      inTransaction(pipeline, (client) => publish(client, reports, { runId: null })),
    ).rejects.toMatchObject({
      code: 'builds_inconsistent',
    });
  });

  it('tells the files its reports were built from, not those that were cleaned since', async () => {
    const { pipeline, reader } = database.pools;
    await checkAll(pipeline, await buildAll(pipeline));
    await addFile(pipeline, '2017-09', 'late.csv');
    await inTransaction(pipeline, (client) => publish(client, reports, { runId: null }));
    const { rows } = await reader.query(
      'select jsonb_array_length(drops) as files from reporting.publication',
    );
    expect(rows).toEqual([{ files: 1 }]);
    await publishReports(pipeline);
    const { rows: later } = await reader.query(
      'select period, jsonb_array_length(drops) as files from reporting.publication order by number',
    );
    expect(later).toEqual([
      { period: '2017-08', files: 1 },
      { period: '2017-09', files: 2 },
    ]);
  });

  it('publishes a report whole that was taken away and came back, over the rows it had', async () => {
    const { pipeline, reader } = database.pools;
    const others = reports.filter(({ name }) => name !== 'genre_report');
    await publishReports(pipeline, reports, false);
    await addFilm(9);
    await publishReports(pipeline, others, false);
    await addFilm(10);
    expect(await publishReports(pipeline, reports, false)).toMatchObject({
      publication: 3,
      changes: { genre_report: { inserted: 4, updated: 0, deleted: 0 } },
    });
    expect(await exportedRows(reader, 'genre_report')).toMatchObject([
      { year: '1995', genre_id: '16' },
      { year: '1995', genre_id: '18' },
      { year: '1995', genre_id: '35' },
      { year: '2017', genre_id: '18', release_count: '2' },
    ]);
    expect((await changes(3)).find((change) => change.report === 'genre_report')).toMatchObject({
      cause: [{ kind: 'first publication', rows: 4 }],
    });
  });

  it('leaves no builds behind', async () => {
    await publishReports(database.pools.pipeline);
    const { rows } = await database.pools.owner.query(
      `select relname from pg_class where relname like 'build\\_%' union all select report from support.report_build`,
    );
    expect(rows).toEqual([]);
  });

  it('forgets the changes of publications beyond those retained', async () => {
    const { pipeline } = database.pools;
    for (const budget of [1, 2, 3]) {
      await pipeline.query('update warehouse.movies set budget = $1 where movie_id = 1', [budget]);
      await checkAll(pipeline, await buildAll(pipeline));
      await inTransaction(pipeline, (client) =>
        publish(client, reports, { runId: null, retainedPublications: 1 }),
      );
    }
    expect(await changes(2)).toEqual([]);
    expect(await changes(3)).not.toEqual([]);
    const { rows } = await database.pools.reader.query('select count(*) from reporting.publication');
    expect(rows).toEqual([{ count: '3' }]);
    const genres = report('genre_report');
    const key = parseKey(genres, ['1995', '16']);
    const why = (from: number) => explain(database.pools.reader, genres, key, { from, column: 'budget' });
    await expect(why(1)).rejects.toMatchObject({ code: 'publication_not_retained' });
    expect((await why(2)).changes).toMatchObject([{ publication: 3, old: '2', new: '3' }]);
  });

  it('sums anew what is kept as sums, when all is to be built anew', async () => {
    const { pipeline, reader } = database.pools;
    await emptyDatabase(database.pools.owner);
    await fillWarehouse(pipeline, filmWorld({ ratings: [4, 5] }));
    await publishReports(pipeline);
    const votes = async () =>
      (await exportedRows(reader, 'movie_score_report')).map((row) => row.calculated_vote_count);
    const before = await votes();
    await pipeline.query('update support.stock_rating_totals set rating_count = rating_count + 5');
    await publishReports(pipeline);
    expect(await votes()).toEqual(before);
    expect(before).toEqual(['2']);
  });

  it('shows readers all reports of one publication or of the next, not the transaction between', async () => {
    const { pipeline, reader } = database.pools;
    await publishReports(pipeline);
    await pipeline.query('update warehouse.movies set budget = 40 where movie_id = 1');
    await checkAll(pipeline, await buildAll(pipeline));
    const budget = async () => (await exportedRows(reader, 'genre_report'))[0]!.budget;
    await inTransaction(pipeline, async (client) => {
      await publish(client, reports, { runId: null });
      expect(await budget()).toBe('30');
    });
    expect(await budget()).toBe('40');
  });

  it('adds a film of the next drop to the reports it belongs to', async () => {
    const { pipeline, reader } = database.pools;
    await publishReports(pipeline);
    await addFilm(9);
    await publishReports(pipeline);
    expect(await exportedRows(reader, 'genre_report')).toMatchObject([
      { year: '1995', genre_id: '16' },
      { year: '1995', genre_id: '18' },
      { year: '1995', genre_id: '35' },
      { year: '2017', genre_id: '18', release_count: '1' },
    ]);
  });

  async function addFilm(movie_id: number): Promise<void> {
    const { pipeline } = database.pools;
    const file_id = await addFile(pipeline, '2017-09');
    const origin = { file_id, valid_from: '2017-09-01', record_number: 5 };
    await insert(pipeline, 'movies', [{ ...origin, movie_id, title: 'New', release_date: '2017-09-08' }]);
    await insert(pipeline, 'movie_genres', [{ ...origin, movie_id, genre_id: 18 }]);
  }
});
