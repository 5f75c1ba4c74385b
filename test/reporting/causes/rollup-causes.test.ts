import { beforeAll, describe, expect, it } from 'vitest';
import { causeText } from '../../../src/reporting/explain/cause-text.js';
import { explain } from '../../../src/reporting/explain/explain.js';
import { useDatabase } from '../../database-fixture.js';
import { rating, takeMonth } from '../drops.js';
import { publishReports, report } from '../publish-reports.js';

const scores = report('movie_score_report');
const film = (id: number, title: string) => ({
  id: String(id),
  title,
  vote_average: '8',
  vote_count: '3',
});

describe('the cause of a change in what ratings are summed to', () => {
  const database = useDatabase();

  beforeAll(async () => {
    const { pipeline } = database.pools;
    const movies = [film(1, 'Toy Story'), film(2, 'Up'), film(3, 'Coco'), film(4, 'Cars'), film(5, 'Brave')];
    const links = [1, 2, 3, 4].map((id) => ({ movieId: String(id * 100), tmdbId: String(id) }));
    const ratings = [1, 2, 3, 4].map((id) => rating(9, id * 100, '2'));
    await takeMonth(pipeline, { movies, links, ratings }, '2017-01');
    await publishReports(pipeline);
    await takeMonth(
      pipeline,
      {
        movies: [{ ...film(4, 'Cars'), vote_count: '4' }],
        links: [
          { movieId: '200', tmdbId: '2', imdbId: '7' },
          { movieId: '300', tmdbId: '5' },
        ],
        ratings: [rating(9, 100, '5'), rating(8, 100, '4'), rating(8, 400, '1')],
      },
      '2017-02',
    );
    await publishReports(pipeline);
  });

  async function told(movie: number, column: string): Promise<string[]> {
    const { changes } = await explain(database.pools.reader, scores, { movie_id: movie }, { column });
    return changes.flatMap(({ causes }) => causes.map((cause) => causeText(cause, 'film', 'movie_id')));
  }

  it('is the file of the ratings that came or changed, and how many', async () => {
    expect(await told(1, 'calculated_vote_count')).toEqual([
      'Toy Story (film 1) changed in related records; calculated_vote_count 1 -> 2, calculated_vote_sum 4 -> 18; ' +
        '2 new movie_ratings in ratings.csv of 2017-02',
    ]);
  });

  it('is told beside what changed in the film itself', async () => {
    expect(await told(4, 'calculated_vote_count')).toEqual([
      expect.stringMatching(
        /^Cars \(film 4\) changed; .*; 1 new movie_ratings in ratings.csv of 2017-02; movies_metadata.csv of 2017-02, record 1,/,
      ),
    ]);
  });

  it('is the link that brought ratings, or took them away', async () => {
    const link = 'movie_links with movielens_id 300, by links.csv of 2017-02, record 2';
    expect(await told(3, 'calculated_vote_count')).toEqual([
      `Coco (film 3) changed in related records; calculated_vote_count 1 -> 0, calculated_vote_sum 4 -> unknown; ${link}`,
    ]);
    expect(await told(5, 'calculated_vote_count')).toEqual([
      `Brave (film 5) changed in related records; calculated_vote_count 0 -> 1, calculated_vote_sum unknown -> 4; ${link}`,
    ]);
  });

  it('is for a score also what all films make, and that alone where nothing of the film’s own changed', async () => {
    const ofAll =
      'C 7.1578947368 -> 7.2727272727, m 4 -> 5.6, vote_sum_of_all 136 -> 160, vote_count_of_all 19 -> 22, computed over all films';
    expect(await told(1, 'movie_score')).toEqual([expect.stringMatching(/^Toy Story/), ofAll]);
    expect(await told(2, 'movie_score')).toEqual([
      'computed together with rows of 4 films that changed',
      ofAll,
    ]);
    expect(await told(1, 'calculated_vote_average')).toHaveLength(1);
  });
});
