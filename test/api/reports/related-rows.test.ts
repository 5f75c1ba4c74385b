import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ScratchApi, startScratchApi } from '../scratch-api.js';

let api: ScratchApi;
/** All statements that were sent, including those that open and close a snapshot. */
const statements: string[] = [];
beforeAll(async () => {
  api = await startScratchApi();
  await api.database.owner.query(`
    insert into reporting.production_company_genre_report
      (production_company_id, production_company_name, year, genre_id, genre_name, release_count, budget_movie_count,
       revenue_movie_count, profit_movie_count)
    select company, 'Company', 1990 + year, genre, 'Genre ' || genre, 1, 0, 0, 0
    from generate_series(1, 12) company, generate_series(0, 9) year, generate_series(1, 1 + company % 3) genre;
    insert into reporting.production_company_movies_report
      (production_company_id, production_company_name, movie_id, movie_name, release_date, source_file, source_record)
    select company, 'Company', film, 'Film ' || film, date '1990-01-01' + film * 120, 'm', film
    from generate_series(1, 12) company, generate_series(1, 40) film where film % 12 < company;
    insert into reporting.movie_genre_report (genre_id, genre_name, movie_id, movie_name, source_file, source_record)
    select genre, 'Genre ' || genre, film, 'Film ' || film, 'm', film
    from generate_series(1, 5) genre, generate_series(1, 40) film where film % genre = 0`);
  api.database.reader.on('connect', (client) => {
    const send = client.query.bind(client);
    client.query = ((...args: Parameters<typeof send>) => {
      const text = typeof args[0] === 'string' ? args[0] : (args[0] as { text: string }).text;
      statements.push(text);
      return send(...args);
    }) as typeof client.query;
  });
});
afterAll(() => api?.close());

async function ask(query: string) {
  statements.length = 0;
  const { body } = await api.query(query);
  expect(body.errors).toBeUndefined();
  return body.data;
}

const reads = () => statements.filter((text) => text.includes(' related rows ') || text.includes(' page '));

describe('related rows', () => {
  it('of a company and year are its genres of that year and its films released in it', async () => {
    const { productionCompanyReport } = await ask(`{
      productionCompanyReport(first: 500) {
        nodes { productionCompanyId year genres(first: 10) { genreId } films(first: 20) { movieId releaseDate } }
      }
    }`);
    const { rows } = await api.database.owner.query(`
      select production_company_id as "productionCompanyId", year,
        coalesce((select json_agg(json_build_object('genreId', genre_id) order by genre_id)
          from reporting.production_company_genre_report g
          where g.production_company_id = r.production_company_id and g.year = r.year), '[]') as genres,
        coalesce((select json_agg(json_build_object('movieId', movie_id, 'releaseDate', release_date) order by movie_id)
          from reporting.production_company_movies_report m
          where m.production_company_id = r.production_company_id
            and extract(year from release_date) = r.year), '[]') as films
      from reporting.production_company_report r order by 1, 2`);
    expect(productionCompanyReport.nodes).toEqual(rows);
    expect(rows.some(({ films }) => films.length > 1)).toBe(true);
  });

  it.each([10, 50, 200])(
    'cost one statement for each field in the query, with pages of %i rows',
    async (first) => {
      await ask(`{
      productionCompanyReport(first: ${first}, filter: { productionCompanyId: { gte: 2 } }) {
        nodes { year genres(first: 2) { genreId } films(first: 2) { movieId genres(first: 2) { genreId } scores { movieScore } } }
      }
    }`);
      expect(reads()).toHaveLength(5);
      expect(statements.length).toBeLessThanOrEqual(8);
    },
  );

  it('are filtered, ordered and limited separately for each row', async () => {
    const { productionCompanyMoviesReport } = await ask(`{
      productionCompanyMoviesReport(filter: { productionCompanyId: { eq: 12 }, movieId: { in: [12, 24] } }) {
        nodes { movieId genres(filter: { genreId: { gte: 2 } }, orderBy: [{ field: GENRE_ID, direction: DESC }], first: 2) { genreId movieName } }
      }
    }`);
    expect(productionCompanyMoviesReport.nodes).toEqual([
      { movieId: 12, genres: [4, 3].map((genreId) => ({ genreId, movieName: 'Film 12' })) },
      { movieId: 24, genres: [4, 3].map((genreId) => ({ genreId, movieName: 'Film 24' })) },
    ]);
  });

  it('of a film are its score and companies, also with aliases and fragments', async () => {
    const { movieGenreReport } = await ask(`
      query { movieGenreReport(filter: { movieId: { eq: 1 } }) { edges { node { ...film } } } }
      fragment film on MovieGenreReportRow { id: movieId scores { s: movieScore } makers: companies(first: 1) { productionCompanyId } }`);
    expect(movieGenreReport.edges).toEqual([
      { node: { id: 1, scores: [{ s: '7.1234' }], makers: [{ productionCompanyId: 2 }] } },
    ]);
  });

  it('are refused for more rows than allowed', async () => {
    const { body } = await api.query(
      '{ productionCompanyReport(first: 1) { nodes { genres(first: 101) { genreId } } } }',
    );
    expect(body.errors[0]).toMatchObject({
      message: 'The page size is 101: at most 100 is allowed.',
      extensions: { code: 'LIMIT_EXCEEDED', limit: { name: 'page size', allowed: 100, actual: 101 } },
    });
  });
});

describe('a plain page', () => {
  it('costs one statement', async () => {
    const query =
      '{ productionCompanyReport(first: 5) { nodes { year } pageInfo { hasNextPage endCursor } totalCount } }';
    // The first read on a connection also sends statements that set it up.
    await ask(query);
    await ask(`${query} # another`);
    expect(statements).toHaveLength(1);
  });
});
