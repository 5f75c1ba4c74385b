import { describe, expect, it } from 'vitest';
import { useDatabase } from '../../database-fixture.js';
import type { FilmFacts } from '../film-world.js';
import { reportOf } from '../report-of.js';

describe('the yearly reports', () => {
  const database = useDatabase();
  const companyYears = (...films: FilmFacts[]) => reportOf(database, 'production_company_report', ...films);
  const genreYears = (...films: FilmFacts[]) => reportOf(database, 'genre_report', ...films);

  it('take a budget or revenue of 0 for unknown', async () => {
    const [row] = await companyYears({ budget: 0, revenue: 0 });
    expect(row).toMatchObject({ budget: null, revenue: null, budget_movie_count: '0', release_count: '1' });
  });

  it('sum what is known and say of how many films', async () => {
    const [row] = await companyYears({ budget: 10 }, { budget: 20, revenue: 5 }, {});
    expect(row).toMatchObject({
      budget: '30',
      budget_movie_count: '2',
      revenue: '5',
      revenue_movie_count: '1',
      release_count: '3',
    });
  });

  it('count a profit only where both sides are known, so it is not revenue minus budget', async () => {
    const [row] = await companyYears({ budget: 10, revenue: 25 }, { budget: 100 }, { revenue: 1000 });
    expect(row).toMatchObject({ budget: '110', revenue: '1025', profit: '15', profit_movie_count: '1' });
  });

  it('leave the profit empty when no film has both sides', async () => {
    const [row] = await companyYears({ budget: 10 }, { revenue: 25 });
    expect(row).toMatchObject({ profit: null, profit_share: null, profit_movie_count: '0' });
  });

  it('keep a loss as a negative profit', async () => {
    expect(await companyYears({ budget: 10, revenue: 4 })).toMatchObject([{ profit: '-6' }]);
  });

  it('count a film as released when its status says so or says nothing', async () => {
    const [row] = await companyYears({ status: 'Released' }, { status: '' }, { status: 'Rumored' });
    expect(row).toMatchObject({ release_count: '2' });
  });

  it('count a film as released on the as-of day and not the day after', async () => {
    const [row] = await companyYears({ releaseDate: '2017-08-31' }, { releaseDate: '2017-09-01', budget: 7 });
    expect(row).toMatchObject({ year: '2017', release_count: '1', unreleased_budget: '7', budget: null });
  });

  it('keep the year of a company whose films are all unreleased', async () => {
    const rows = await companyYears({ releaseDate: '2030-01-01', budget: 7, popularity: 3 });
    expect(rows).toMatchObject([
      { year: '2030', release_count: '0', unreleased_budget: '7', budget: null, average_popularity: null },
    ]);
  });

  it('leave out a film without a release date', async () => {
    expect(await companyYears({ releaseDate: null, budget: 10 })).toEqual([]);
  });

  it('average the popularity of the released films that have one, to six decimals', async () => {
    const [row] = await companyYears(
      { popularity: 1 },
      { popularity: '1.000001' },
      {},
      { status: 'Rumored' },
    );
    expect(row).toMatchObject({ average_popularity: '1.000001' });
  });

  it('credit each of three partners in full and with a third', async () => {
    const rows = await companyYears({ budget: 100, revenue: 200, companies: [3, 4, 5] });
    expect(rows).toHaveLength(3);
    for (const row of rows) {
      expect(row).toMatchObject({
        budget: '100',
        revenue: '200',
        profit: '100',
        budget_share: '33.33',
        revenue_share: '66.67',
        profit_share: '33.33',
      });
    }
  });

  it('round the sum of shares, not the shares', async () => {
    const third = { budget: 100, companies: [3, 4, 5] };
    const rows = await companyYears(third, third);
    expect(rows.map((row) => row.budget_share)).toEqual(['66.67', '66.67', '66.67']);
  });

  it('round a half cent made of a twelfth and a twenty-fourth away from zero', async () => {
    const companies = (count: number) => Array.from({ length: count }, (_, place) => 3 + place);
    const rows = await companyYears(
      { budget: 1, companies: companies(12) },
      { budget: 1, companies: companies(24) },
    );
    expect(rows.find((row) => row.production_company_id === '3')).toMatchObject({ budget_share: '0.13' });
  });

  it('count a film in full in each of its genres', async () => {
    const rows = await genreYears({ budget: 10, genres: [16, 35] });
    expect(rows).toMatchObject([
      { genre_name: 'Animation', budget: '10', release_count: '1' },
      { genre_name: 'Comedy', budget: '10', release_count: '1' },
    ]);
  });

  it('give a company a row for each genre of each of its years', async () => {
    const rows = await reportOf(
      database,
      'production_company_genre_report',
      { budget: 10, genres: [16, 35], companies: [3, 4] },
      { budget: 5, genres: [35], companies: [3], releaseDate: '1996-01-01' },
    );
    expect(
      rows.map((row) => [row.production_company_name, row.year, row.genre_name, row.budget_share]),
    ).toEqual([
      ['Pixar', '1995', 'Animation', '5.00'],
      ['Pixar', '1995', 'Comedy', '5.00'],
      ['Pixar', '1996', 'Comedy', '5.00'],
      ['Disney', '1995', 'Animation', '5.00'],
      ['Disney', '1995', 'Comedy', '5.00'],
    ]);
  });

  it('rank the genres of a year by average popularity', async () => {
    const rows = await genreYears(
      { popularity: 1, genres: [16] },
      { popularity: 3, genres: [18] },
      { popularity: 9, genres: [16], releaseDate: '1996-01-01' },
    );
    expect(rows.map((row) => [row.year, row.genre_name, row.popularity_rank])).toEqual([
      ['1995', 'Animation', '2'],
      ['1995', 'Drama', '1'],
      ['1996', 'Animation', '1'],
    ]);
  });

  it('break a tie of popularity by films released, then by name in the order of its bytes', async () => {
    const rows = await genreYears(
      { popularity: 2, genres: [99, 18, 16, 35] },
      { popularity: 2, genres: [35] },
    );
    expect(ranked(rows)).toEqual(['Comedy', 'Animation', 'Drama', 'drama']);
  });

  it('rank genres by what their popularity is before it is rounded', async () => {
    const rows = await genreYears(
      { popularity: '1.0000001', genres: [16, 35] },
      { popularity: '1.0000002', genres: [18] },
      { popularity: '1.0000001', genres: [35] },
    );
    expect(rows.map((row) => row.average_popularity)).toEqual(['1.000000', '1.000000', '1.000000']);
    expect(ranked(rows)).toEqual(['Drama', 'Comedy', 'Animation']);
  });

  it('rank a genre without popularity last', async () => {
    const rows = await genreYears({ genres: [16] }, { genres: [16] }, { popularity: '0.1', genres: [18] });
    expect(ranked(rows)).toEqual(['Drama', 'Animation']);
  });

  function ranked(rows: Record<string, string | null>[]): (string | null)[] {
    return [...rows]
      .sort((a, b) => Number(a.popularity_rank) - Number(b.popularity_rank))
      .map((row) => row.genre_name!);
  }
});
