import { describe, expect, it } from 'vitest';
import { useDatabase } from '../../database-fixture.js';
import { emptyDatabase } from '../empty-database.js';
import { type FilmFacts, filmWorld } from '../film-world.js';
import { exportedRows, publishReports } from '../publish-reports.js';
import { reportOf } from '../report-of.js';
import { fillWarehouse, insert } from '../warehouse-rows.js';

describe('the reports per film', () => {
  const database = useDatabase();
  const scores = (...films: FilmFacts[]) => reportOf(database, 'movie_score_report', ...films);

  it('hold a film without a release date', async () => {
    expect(await reportOf(database, 'movie_genre_report', { releaseDate: null })).toMatchObject([
      { movie_name: 'Film 1', release_date: null },
    ]);
  });

  it('hold a film that is not released', async () => {
    expect(
      await reportOf(database, 'movie_genre_report', { releaseDate: '2030-01-01', budget: 5 }),
    ).toMatchObject([{ release_date: '2030-01-01', budget: '5', profit: null }]);
  });

  it('say which record of which file a row comes from', async () => {
    const rows = await reportOf(database, 'production_company_movies_report', {}, {});
    expect(rows.map((row) => [row.source_file, row.source_record])).toEqual([
      ['movies_metadata.csv', '1'],
      ['movies_metadata.csv', '2'],
    ]);
  });

  it('round the share of a film among three companies to cents', async () => {
    const rows = await reportOf(database, 'production_company_movies_report', {
      budget: 200,
      revenue: '0.02',
      companies: [3, 4, 5],
    });
    expect(rows.map((row) => [row.budget_share, row.revenue_share, row.profit_share])).toEqual(
      Array(3).fill(['66.67', '0.01', '-66.66']),
    );
  });

  it('leave out versions, links and names that are no longer live', async () => {
    const { owner, pipeline, reader } = database.pools;
    await emptyDatabase(owner);
    await fillWarehouse(
      pipeline,
      filmWorld({ budget: 90, companies: [3, 4, 5], genres: [16, 18] }, { budget: 1 }),
    );
    const dead = 'deleted = true, deleted_date = now()';
    await pipeline.query(
      `update warehouse.movie_production_companies set ${dead} where production_company_id = 5`,
    );
    await pipeline.query(`update warehouse.movie_genres set ${dead} where genre_id = 18`);
    await pipeline.query(`update warehouse.movies set ${dead} where movie_id = 2`);
    await publishReports(pipeline);
    const shares = (await exportedRows(reader, 'production_company_movies_report')).map(
      (row) => row.budget_share,
    );
    expect(shares).toEqual(['45.00', '45.00']);
    expect(await exportedRows(reader, 'movie_genre_report')).toHaveLength(1);
    expect(await exportedRows(reader, 'movie_score_report')).toHaveLength(1);
  });

  it('show the votes as reported, but no average of no votes', async () => {
    const rows = await scores({ voteAverage: '7.7', voteCount: 10 }, { voteAverage: 5, voteCount: 0 }, {});
    expect(rows.map((row) => [row.reported_vote_average, row.reported_vote_count])).toEqual([
      ['7.70', '10'],
      [null, '0'],
      [null, '0'],
    ]);
  });

  it('double the raters’ stars', async () => {
    expect(await scores({ ratings: [3, '4.5', 5] })).toMatchObject([
      { calculated_vote_average: '8.33', calculated_vote_count: '3' },
    ]);
  });

  it('round a half away from zero', async () => {
    expect(await scores({ voteAverage: '6.005', voteCount: 1 })).toMatchObject([
      { reported_vote_average: '6.01' },
    ]);
  });

  it('add up the ratings of several MovieLens films that are one film', async () => {
    const { owner, pipeline, reader } = database.pools;
    const world = filmWorld({ ratings: [5] });
    world.links.set(77, 1);
    world.ratings.set('9 77', { movielensId: 77, rating: world.ratings.get('0 1001')!.rating });
    await emptyDatabase(owner);
    await fillWarehouse(pipeline, world);
    await publishReports(pipeline);
    expect(await exportedRows(reader, 'movie_score_report')).toMatchObject([{ calculated_vote_count: '2' }]);
  });

  it('lose the ratings of a link that leads nowhere or is retired', async () => {
    const { owner, pipeline, reader } = database.pools;
    await emptyDatabase(owner);
    await fillWarehouse(pipeline, filmWorld({ ratings: [5] }));
    await insert(pipeline, 'movie_ratings', [
      {
        rater_id: 1,
        movielens_id: 5,
        rating: 1,
        file_id: 1,
        valid_from: '2017-08-01',
      },
    ]);
    await pipeline.query('update warehouse.movie_links set deleted = true, deleted_date = now()');
    await publishReports(pipeline);
    expect(await exportedRows(reader, 'movie_score_report')).toMatchObject([
      { calculated_vote_count: '0', calculated_vote_average: null, movie_score: null },
    ]);
  });

  it('draw a score towards the mean of all votes the fewer votes there are', async () => {
    // v: 2, 8 and 0; m = 2 + 0.9 * 6 = 7.4; C = (2 * 10 + 8 * 5) / 10 = 6
    const rows = await scores({ ratings: [5, 5] }, { voteAverage: 5, voteCount: 8 }, {});
    // (2 * 10 + 7.4 * 6) / 9.4 and (8 * 5 + 7.4 * 6) / 15.4
    expect(rows.map((row) => row.movie_score)).toEqual(['6.8511', '5.4805', null]);
  });

  it('weigh reported and calculated votes by their counts', async () => {
    // The only film: R = C = (3 * 6 + 1 * 10) / 4, whatever m is.
    expect(await scores({ voteAverage: 6, voteCount: 3, ratings: [5] })).toMatchObject([
      { movie_score: '7.0000' },
    ]);
  });

  it('give no score to a film without votes, and none at all when nobody voted', async () => {
    expect(await scores({}, { voteAverage: 8, voteCount: 0 })).toMatchObject([
      { movie_score: null, calculated_vote_average: null },
      { movie_score: null, reported_vote_average: null },
    ]);
  });
});
