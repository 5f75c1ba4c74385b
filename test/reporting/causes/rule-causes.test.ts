import { beforeEach, describe, expect, it } from 'vitest';
import { useDatabase } from '../../database-fixture.js';
import { takeMonth } from '../drops.js';
import { useEditedRelations } from '../edited-relations.js';
import { emptyDatabase } from '../empty-database.js';
import { publishAsJobs } from '../publish-reports.js';
import { changesNotExplained } from './sums-of-causes.js';

/** A month with films, each with its number, budget, revenue and release date. */
const month = (...films: [id: string, budget: string, revenue: string, date?: string][]) => ({
  movies: films.map(([id, budget, revenue, date]) => ({
    id,
    budget,
    revenue,
    title: `Film ${id}`,
    status: 'Released',
    popularity: id,
    release_date: date ?? '1995-10-30',
    genres: `[{'id': 16, 'name': 'Animation'}]`,
    production_companies: `[{'id': 3, 'name': 'Pixar'}]`,
  })),
  links: [],
  ratings: [],
});

describe('when a rule and data change together, the causes', () => {
  const database = useDatabase();
  const relations = useEditedRelations();
  const pool = () => database.pools.pipeline;

  beforeEach(async () => {
    await emptyDatabase(database.pools.owner);
    relations.reset();
  });

  async function causesOf(publication: number, report: string, column: string) {
    const { rows } = await pool().query<{ cause: Record<string, unknown>[] }>(
      `select cause from reporting.report_change
       where publication = $1 and report = $2 and column_name = $3 order by id`,
      [publication, report, column],
    );
    return rows.map(({ cause }) => cause);
  }

  it('are the rule for the films whose data stayed, and the films for the others', async () => {
    await takeMonth(
      pool(),
      month(['1', '10', '30'], ['2', '20', '50'], ['3', '1', '2', '1996-01-01']),
      '2017-01',
    );
    await publishAsJobs(pool(), relations.definitions);
    await takeMonth(pool(), month(['2', '21', '50'], ['4', '2', '2']), '2017-02');
    relations.edit('films_with_money', 'known_revenue - known_budget', 'known_revenue - 2 * known_budget');
    await publishAsJobs(pool(), relations.definitions);
    const rule = { kind: 'definition', report: 'genre_report', relation: 'films_with_money' };
    const rest = { kind: 'definition', relation: 'films_with_money' };
    const [of1995, of1996] = await causesOf(2, 'genre_report', 'profit');
    expect(of1995).toMatchObject([
      rule,
      { kind: 'changed', movie_id: 2, amounts: { profit: '-22' } },
      { kind: 'new', movie_id: 4, amounts: { profit: '-2' } },
      { ...rest, amounts: { profit: '-10' } },
    ]);
    expect(of1996).toEqual([rule, { ...rest, amounts: { profit: '-1' } }]);
    // A share is no sum: a rule of its own explains it, and no delivery.
    const shares = await causesOf(2, 'production_company_movies_report', 'profit_share');
    const ofShare = { ...rule, report: 'production_company_movies_report' };
    expect(shares).toMatchObject([[ofShare], [ofShare, { kind: 'changed', movie_id: 2 }], [ofShare]]);
    expect(await changesNotExplained(pool(), 2)).toEqual([]);
  });

  it('tell films that an as-of day has released from those that a rule has', async () => {
    const films = month(
      ['1', '10', '30'],
      ['2', '20', '50', '2017-02-10'],
      ['3', '7', '9', '2017-04-02'],
      ['4', '5', '6', '2017-05-01'],
    );
    await takeMonth(pool(), films, '2017-01');
    await publishAsJobs(pool(), relations.definitions);
    await takeMonth(pool(), month(['5', '1', '1']), '2017-02');
    relations.edit('film_releases', '{{ as_of_day }}::date', '({{ as_of_day }}::date + 40)');
    await publishAsJobs(pool(), relations.definitions);
    const causes = await causesOf(2, 'genre_report', 'release_count');
    // Film 2 was released on the earlier day by the changed rule, film 3 by the day on which it holds now.
    expect(causes[1]).toMatchObject([
      { kind: 'definition', relation: 'film_releases' },
      { kind: 'released', movie_id: 3, amounts: { release_count: '1' } },
      { kind: 'definition', relation: 'film_releases', amounts: { release_count: '1' } },
    ]);
    // The next month releases by the changed rule, although it mentions none of these films.
    await takeMonth(pool(), month(['6', '1', '1']), '2017-03');
    await publishAsJobs(pool(), relations.definitions);
    expect((await causesOf(3, 'genre_report', 'release_count')).at(-1)).toMatchObject([
      { kind: 'released', movie_id: 4, amounts: { release_count: '1' } },
    ]);
  });
});
