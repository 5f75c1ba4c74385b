import { beforeAll, describe, expect, it } from 'vitest';
import { causeText } from '../../../src/reporting/explain/cause-text.js';
import { explain } from '../../../src/reporting/explain/explain.js';
import { useDatabase } from '../../database-fixture.js';
import { rating, takeMonth } from '../drops.js';
import { publishReports, report } from '../publish-reports.js';

const film = (id: number, title: string, more: Record<string, string> = {}) => ({
  id: String(id),
  title,
  status: 'Released',
  release_date: '1995-10-30',
  budget: '30',
  popularity: '2',
  runtime: '90',
  genres: "[{'id': 16, 'name': 'Animation'}]",
  ...more,
});
const link = (id: number, tmdbId = String(id)) => ({ movieId: String(id * 100), tmdbId });

describe('the cause of a change by a value that could not be read', () => {
  const database = useDatabase();

  beforeAll(async () => {
    const { pipeline } = database.pools;
    await takeMonth(
      pipeline,
      {
        movies: [film(1, 'Toy Story'), film(2, 'Up'), film(3, 'Coco'), film(4, 'Cars')],
        links: [link(1), link(2), link(3)],
        ratings: [1, 2].flatMap((rater) => [1, 2, 3].map((id) => rating(rater, id * 100, '2'))),
      },
      '2017-01',
    );
    await publishReports(pipeline);
    await takeMonth(
      pipeline,
      {
        movies: [
          film(1, 'Toy Story', { budget: '$1,500,000', runtime: 'long' }),
          film(2, 'Up', { release_date: '2/1/2015' }),
          film(4, 'Cars', { budget: '40', popularity: '2,5' }),
          film(9, 'New', { budget: 'much' }),
        ],
        links: [link(3, 'none')],
        ratings: [rating(1, 100, 'five'), rating(2, 100, '1'), rating(3, 100, 'six')],
      },
      '2017-02',
    );
    await publishReports(pipeline);
  });

  async function changes(name: string, key: Record<string, number>, column: string) {
    return (await explain(database.pools.reader, report(name), key, { column })).changes;
  }
  async function told(name: string, key: Record<string, number>, column: string): Promise<string[]> {
    const causes = (await changes(name, key, column)).flatMap((change) => change.causes);
    return causes.map((cause) => causeText(cause, 'film', 'movie_id'));
  }

  it('lists the value of the record that emptied the field, among the other causes of a sum', async () => {
    const [change] = await changes('genre_report', { year: 1995, genre_id: 16 }, 'budget');
    expect(change).toMatchObject({ old: '120', new: '70' });
    const causes = change!.causes.toSorted((one, other) => Number(one.movie_id) - Number(other.movie_id));
    expect(causes).toMatchObject([
      {
        kind: 'changed',
        movie_id: 1,
        record: 1,
        amounts: { budget: '-30' },
        unusable: [{ field: 'budget', value: '$1,500,000', reason: 'value_not_castable' }],
      },
      {
        kind: 'left',
        movie_id: 2,
        amounts: { budget: '-30' },
        unusable: [{ field: 'release_date', value: '2/1/2015', reason: 'value_not_castable' }],
      },
      { kind: 'changed', movie_id: 4, unusable: [{ field: 'popularity', value: '2,5' }] },
    ]);
    expect(await told('movie_score_report', { movie_id: 1 }, 'budget')).toEqual([
      expect.stringMatching(
        /^Toy Story \(film 1\) changed; budget 30 -> unknown.*; budget "\$1,500,000" could not be read;.* 2017-02, record 1,/,
      ),
    ]);
  });

  it('is listed for a new film as well, and not for a field that the report does not show', async () => {
    const [added] = await changes('movie_score_report', { movie_id: 9 }, 'budget');
    expect(added!.causes).toMatchObject([{ kind: 'new', unusable: [{ field: 'budget', value: 'much' }] }]);
    const [cars] = await changes('movie_score_report', { movie_id: 4 }, 'budget');
    expect(cars!.causes[0]).not.toHaveProperty('unusable');
  });

  it('lists the ratings and links that could not be read', async () => {
    expect(await told('movie_score_report', { movie_id: 1 }, 'calculated_vote_count')).toEqual([
      expect.stringContaining(
        '; 3 new movie_ratings in ratings.csv of 2017-02: rating "five" could not be read, rating "six" could not be read;',
      ),
    ]);
    expect(await told('movie_score_report', { movie_id: 3 }, 'calculated_vote_count')).toEqual([
      expect.stringMatching(
        /calculated_vote_count 2 -> 0.*movie_links with movielens_id 300, by links.csv of 2017-02, record 1: movie_id "none" could not be read$/,
      ),
    ]);
  });

  it('is no longer listed when a later record corrects another field', async () => {
    const { pipeline } = database.pools;
    await takeMonth(
      pipeline,
      { movies: [film(1, 'Toy Story', { budget: '50' })], links: [], ratings: [] },
      '2017-03',
    );
    await publishReports(pipeline);
    const [change] = await changes('movie_score_report', { movie_id: 1 }, 'budget');
    expect(change).toMatchObject({ old: null, new: '50', causes: [{ kind: 'changed' }] });
    expect(change!.causes[0]).not.toHaveProperty('unusable');
  });

  it('is counted for the films that are not named, in sums and in other cells', async () => {
    const { pipeline } = database.pools;
    const many = (more: Record<string, string>) =>
      Array.from({ length: 203 }, (_, index) =>
        film(1000 + index, 'Many', { release_date: '2001-01-01', ...more }),
      );
    await takeMonth(pipeline, { movies: many({}), links: [], ratings: [] }, '2017-04');
    await publishReports(pipeline);
    await takeMonth(
      pipeline,
      { movies: many({ budget: '1,5', popularity: '3,5' }), links: [], ratings: [] },
      '2017-05',
    );
    await publishReports(pipeline);
    const key = { year: 2001, genre_id: 16 };
    for (const column of ['budget', 'average_popularity']) {
      const [change] = await changes('genre_report', key, column);
      expect(change!.causes.at(-1)).toMatchObject({ kind: 'others', count: 3, unusableCount: 3 });
    }
    expect((await told('genre_report', key, 'budget')).at(-1)).toBe(
      '3 more films, 3 of them with unusable values',
    );
  });
});
