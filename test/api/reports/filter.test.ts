import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ScratchApi, startScratchApi } from '../scratch-api.js';

let api: ScratchApi;
beforeAll(async () => {
  api = await startScratchApi();
});
afterAll(() => api?.close());

const COUNT = `query ($filter: ProductionCompanyReportFilter) {
  productionCompanyReport(filter: $filter) { totalCount }
}`;

const CASES: [object, string][] = [
  [{}, 'true'],
  [{ year: { eq: 1995 } }, 'year = 1995'],
  [
    { year: { in: [1995, 1997] }, productionCompanyId: { gte: 3, lte: 5 } },
    'year in (1995, 1997) and production_company_id between 3 and 5',
  ],
  [{ year: { in: [] } }, 'false'],
  [{ revenue: { gte: '5000001' } }, 'revenue >= 5000001'],
  [{ revenue: { eq: '12345678901234567890.125' } }, 'production_company_id = 99'],
  [{ revenue: { isNull: true } }, 'revenue is null'],
  [{ revenue: { isNull: false } }, 'revenue is not null'],
  [{ productionCompanyName: { contains: 'pany a' } }, "production_company_name = 'Company A'"],
  [{ productionCompanyName: { startsWith: 'COMPANY' } }, "production_company_name like 'Company%'"],
  [{ productionCompanyName: { contains: '%_' } }, 'production_company_id = 99'],
  [{ productionCompanyName: { contains: '\\' } }, 'production_company_id = 99'],
  [{ productionCompanyName: { eq: "' or true --" } }, 'false'],
  [{ or: [{ year: { eq: 1990 } }, { profit: { lte: '-8000000' } }] }, 'year = 1990 or profit <= -8000000'],
  [{ or: [] }, 'false'],
  [{ and: [] }, 'true'],
  [{ and: [{ year: { gte: 1992 } }, { year: { lte: 1993 } }] }, 'year between 1992 and 1993'],
  [{ not: { revenue: { gte: '1' } } }, 'revenue is null or revenue < 1'],
  [{ not: { or: [{ year: { lte: 1994 } }, { not: { year: { lte: 1996 } } }] } }, 'year in (1995, 1996)'],
  [{ year: null }, 'true'],
];

describe('a filter', () => {
  it.each(CASES)('%j returns the rows where %s', async (filter, condition) => {
    const { rows } = await api.database.owner.query(
      `select count(*)::int as count from reporting.production_company_report where ${condition}`,
    );
    const { body } = await api.query(COUNT, { filter });
    expect(body.data).toEqual({ productionCompanyReport: { totalCount: rows[0].count } });
  });

  it.each([
    [{ year: { eq: null } }, 'filter.year.eq is null'],
    [{ productionCompanyName: { eq: 'a\0' } }, 'contains a NUL character'],
  ])('%j is refused', async (filter, message) => {
    const { body } = await api.query(COUNT, { filter });
    expect(body.errors[0].message).toContain(message);
    expect(body.errors[0].extensions.code).toBe('BAD_USER_INPUT');
  });

  it.each([
    { revenue: { gte: 0.5 } },
    { revenue: { gte: '1e5' } },
    { revenue: { gte: 'NaN' } },
    { year: { eq: '1995' } },
    { genreId: { eq: 1 } },
  ])('%j is refused, since it violates the contract', async (filter) => {
    const { status, body } = await api.query(COUNT, { filter });
    expect(status).toBe(400);
    expect(body.errors[0].extensions.code).toBe('BAD_USER_INPUT');
  });

  it('compares dates, and keeps all digits of a decimal literal', async () => {
    const { body } = await api.query(`{
      released: movieScoreReport(filter: { releaseDate: { gte: "1896-01-01", lte: "1896-12-31" } }) { nodes { movieId } }
      scored: movieScoreReport(filter: { movieScore: { gte: 7.1234 } }) { nodes { movieId } }
    }`);
    expect(body.data).toEqual({ released: { nodes: [{ movieId: 2 }] }, scored: { nodes: [{ movieId: 1 }] } });
    const noDay = await api.query(
      '{ movieScoreReport(filter: { releaseDate: { eq: "2017-02-30" } }) { totalCount } }',
    );
    expect(noDay.status).toBe(400);
  });
});

describe('a value', () => {
  it('has all its digits, and a date is returned unchanged', async () => {
    const { body } = await api.query(`{
      productionCompanyReport(filter: { productionCompanyId: { eq: 99 } }) { nodes { revenue productionCompanyName } }
      movieScoreReport { nodes { movieName movieScore reportedVoteAverage releaseDate budget sourceRecord } }
    }`);
    expect(body.data.productionCompanyReport.nodes).toEqual([
      { revenue: '12345678901234567890.125', productionCompanyName: '100%_Äpfel\\' },
    ]);
    expect(body.data.movieScoreReport.nodes).toEqual([
      {
        movieName: 'First',
        movieScore: '7.1234',
        reportedVoteAverage: '7.50',
        releaseDate: '1995-10-30',
        budget: '30000000',
        sourceRecord: 1,
      },
      {
        movieName: 'Second',
        movieScore: '6.9999',
        reportedVoteAverage: '6.50',
        releaseDate: '1896-01-01',
        budget: null,
        sourceRecord: 2,
      },
      {
        movieName: null,
        movieScore: null,
        reportedVoteAverage: null,
        releaseDate: null,
        budget: null,
        sourceRecord: 3,
      },
    ]);
  });
});
