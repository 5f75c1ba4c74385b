import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { traceLines } from '../../../src/cli/commands/trace.js';
import { trace } from '../../../src/reporting/explain/trace.js';
import { useDatabase } from '../../database-fixture.js';
import { rating, takeMonth } from '../drops.js';
import { filmWorld } from '../film-world.js';
import { publishReports, report } from '../publish-reports.js';
import { fillWarehouse } from '../warehouse-rows.js';

const scores = report('movie_score_report');

describe('the ratings behind a score', () => {
  const database = useDatabase();

  beforeAll(async () => {
    const { pipeline } = database.pools;
    const movies: Record<string, string>[] = [
      { id: '1', title: 'Toy Story', vote_average: '8', vote_count: '3', budget: '30' },
      { id: '2', title: 'Unrated', budget: '5' },
    ];
    const links = [
      { movieId: '100', tmdbId: '1' },
      { movieId: '200', tmdbId: '7' },
      { movieId: '300', tmdbId: '1' },
    ];
    const first = [rating(8, 200, '1'), rating(1, 100, '4.5'), rating(2, 100, '3'), rating(3, 300, '2')];
    await takeMonth(pipeline, { movies, links, ratings: first }, '2017-01');
    const second = [rating(2, 100, '5'), rating(4, 100, ''), rating(5, 100, '0.5')];
    await takeMonth(pipeline, { movies: [], links: [], ratings: second }, '2017-02');
    await publishReports(pipeline);
  });

  const of = (movie: number, column?: string) =>
    trace(database.pools.pipeline, scores, { movie_id: movie }, column);

  it('are told file by file, with the link they reach the film through, and no rater', async () => {
    const { row, entities } = await of(1, 'calculated_vote_average');
    expect(row).toMatchObject({ calculated_vote_average: '6.00', calculated_vote_count: '4' });
    const [{ amounts, links, summed }] = entities as [(typeof entities)[0]];
    expect(amounts).toEqual({ calculated_vote_sum: '24.0', calculated_vote_count: '4' });
    expect(links).toMatchObject([
      { table: 'movie_links', key: { movielens_id: '100' }, file: 'links.csv', record: 1 },
      { table: 'movie_links', key: { movielens_id: '300' }, file: 'links.csv', record: 3 },
    ]);
    expect(links[0]!.raw).toEqual({ movieId: '100', imdbId: null, tmdbId: '1' });
    const january = { file: 'ratings.csv', period: '2017-01', count: 1 };
    expect(summed).toMatchObject({
      table: 'movie_ratings',
      count: 4,
      missing: 0,
      files: [
        { ...january, key: { movielens_id: '100' }, sum: '4.5', firstRecord: 2, lastRecord: 2 },
        { ...january, key: { movielens_id: '300' }, sum: '2', firstRecord: 4, lastRecord: 4 },
        {
          key: { movielens_id: '100' },
          period: '2017-02',
          count: 2,
          sum: '5.5',
          firstRecord: 1,
          lastRecord: 3,
        },
      ],
    });
    expect(summed!.files[0]!.examples).toEqual([
      { record: 2, raw: { userId: '***', movieId: '100', rating: '4.5', timestamp: '1000' } },
    ]);
  });

  it('are shown with all the score is made of', async () => {
    const { ofAll, entities } = await of(1, 'movie_score');
    expect(entities[0]!.amounts).toEqual({
      reported_vote_average: '8',
      reported_vote_count: '3',
      calculated_vote_sum: '24.0',
      calculated_vote_count: '4',
    });
    expect(ofAll).toEqual({ m: '7', C: '6.8571428571', vote_count_of_all: '7', vote_sum_of_all: '48' });
  });

  it('are not looked for where the column is not made of them', async () => {
    for (const column of ['reported_vote_average', 'budget']) {
      const { entities } = await of(1, column);
      expect(entities).toMatchObject([{ summed: null, links: [] }]);
    }
    const { entities } = await of(1, 'reported_vote_count');
    expect(entities[0]!.amounts).toEqual({ reported_vote_average: '8', reported_vote_count: '3' });
  });

  it('are none where the film has no link', async () => {
    const { entities } = await of(2);
    expect(entities).toMatchObject([{ links: [], summed: { count: 0, missing: 0, files: [] } }]);
  });

  it('are told in lines for people', async () => {
    const lines = traceLines(scores, await of(1, 'movie_score'), 'movie_score');
    expect(lines).toEqual(
      expect.arrayContaining([
        '  m 7, of all rows',
        '    movie_ratings: 4 summed, of 2 files',
        '      ratings.csv of 2017-02: 2 with movielens_id 100, their sum 5.5, records 1 to 3',
        expect.stringMatching(/^ {8}record 1 as sent: .*userId=\*\*\*/),
      ]),
    );
  });

  it('are those that were published, though others are cleaned since, and what cannot be told is said', async () => {
    const { pipeline } = database.pools;
    const ratings = [rating(1, 100, '1'), rating(9, 100, '1')];
    await takeMonth(pipeline, { movies: [], links: [], ratings }, '2017-03');
    const { entities } = await of(1, 'calculated_vote_count');
    expect(entities[0]!.summed).toMatchObject({ count: 4, missing: 0 });
    await pipeline.query('delete from warehouse.movie_ratings where movielens_id = 300');
    const told = await of(1, 'calculated_vote_count');
    expect(told.entities[0]!.summed).toMatchObject({ count: 3, missing: 1 });
    expect(traceLines(scores, told)).toContain(
      '      1 more when it was published: the warehouse has changed since',
    );
  });
});

describe('what a score takes of all films', () => {
  const database = useDatabase();

  it('is told as it was taken, whatever the report says that it is', async () => {
    const { pipeline } = database.pools;
    const sql = await readFile(scores.sqlFile, 'utf8');
    const sqlFile = join(tmpdir(), `marquee-median-of-votes-${process.pid}.sql`);
    await writeFile(sqlFile, sql.replace('0.9 * (count', '0.5 * (count'));
    const definition = { ...scores, sqlFile };
    await fillWarehouse(
      pipeline,
      filmWorld({ voteAverage: 8, voteCount: 7 }, { voteAverage: 4, voteCount: 1 }),
    );
    await publishReports(pipeline, [definition]);
    // m lies half way between 7 and 1, C = 60 / 8
    const { row, ofAll } = await trace(pipeline, definition, { movie_id: 1 }, 'movie_score');
    expect(ofAll).toMatchObject({ m: '4', C: '7.5000000000' });
    expect(row.movie_score).toBe('7.8182');
  });
});
