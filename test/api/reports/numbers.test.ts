import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ScratchApi, startScratchApi } from '../scratch-api.js';

let api: ScratchApi;
beforeAll(async () => {
  api = await startScratchApi();
  await api.database.owner.query(`
    insert into reporting.movie_genre_report
      (genre_id, genre_name, movie_id, movie_name, budget, revenue, profit, release_date, source_file, source_record)
    select genre, 'Genre ' || genre, film, 'Film ' || film, film * 100.25, nullif(film % 3, 0) * 10.10,
      null, case when film % 5 > 0 then date '1990-06-01' + film * 200 end, 'm', film
    from generate_series(1, 4) genre, generate_series(1, 30) film where film % genre = 0`);
});
afterAll(() => api?.close());

const totals = async (filter: object) => {
  const { body } = await api.query(
    `query ($filter: ProductionCompanyReportFilter) {
      productionCompanyReport(filter: $filter) { totals { rowCount budget revenue releaseCount unreleasedBudget } }
    }`,
    { filter },
  );
  return body.data.productionCompanyReport.totals;
};

describe('the totals of a connection', () => {
  it.each([
    [{}, 'true'],
    [{ year: { gte: 1995 }, not: { revenue: { isNull: true } } }, 'year >= 1995 and revenue is not null'],
    [{ year: { eq: 1 } }, 'false'],
  ])('are exact sums over all rows that match %j, on all pages', async (filter, condition) => {
    const { rows } = await api.database.owner.query(
      `select count(*)::int as "rowCount", sum(budget)::text as budget, sum(revenue)::text as revenue,
         sum(release_count)::text as "releaseCount", sum(unreleased_budget)::text as "unreleasedBudget"
       from reporting.production_company_report where ${condition}`,
    );
    expect(await totals(filter)).toEqual(rows[0]);
  });
});

const GROUPS = `query ($by: [MovieGenreReportGroupKey!]!, $filter: MovieGenreReportFilter, $having: MovieGenreReportGroupHaving,
    $orderBy: [MovieGenreReportGroupOrder!], $first: Int, $after: String) {
  movieGenreReportGroups(by: $by, filter: $filter, having: $having, orderBy: $orderBy, first: $first, after: $after) {
    totalCount
    pageInfo { hasNextPage endCursor }
    nodes { year genreId genreName movieCount budget revenue averageRevenue }
  }
}`;

async function groups(variables: object) {
  const { body } = await api.query(GROUPS, variables);
  expect(body.errors).toBeUndefined();
  return body.data.movieGenreReportGroups;
}

const inSql = async (group: string, keys: string, having = 'true', where = 'true') => {
  const { rows } = await api.database.owner.query(
    `select ${keys}, count(distinct movie_id)::int as "movieCount", sum(budget)::text as budget,
       sum(revenue)::text as revenue, round(avg(revenue), 2)::text as "averageRevenue"
     from reporting.movie_genre_report where ${where} group by ${group} having ${having} order by ${group}`,
  );
  return rows;
};

const YEAR = 'extract(year from release_date)::int';

describe('groups of a report', () => {
  it('can be made by one key', async () => {
    const keys = 'null::int as year, genre_id as "genreId", min(genre_name) as "genreName"';
    expect((await groups({ by: ['GENRE'] })).nodes).toEqual(await inSql('genre_id', keys));
  });

  it('can be made by several keys, with a separate group for films without a year', async () => {
    const keys = `${YEAR} as year, genre_id as "genreId", min(genre_name) as "genreName"`;
    const found = await groups({ by: ['YEAR', 'GENRE'], first: 500 });
    expect(found.nodes).toEqual(await inSql(`${YEAR}, genre_id`, keys));
    expect(found.nodes.some(({ year }: { year: number | null }) => year === null)).toBe(true);
  });

  it('count a film once if several of its genres are in the same group', async () => {
    const keys = `${YEAR} as year, null::int as "genreId", null::text as "genreName"`;
    expect((await groups({ by: ['YEAR'], first: 500 })).nodes).toEqual(await inSql(YEAR, keys));
  });

  it('can be filtered by their measures, after the rows are filtered', async () => {
    const keys = 'null::int as year, genre_id as "genreId", min(genre_name) as "genreName"';
    const found = await groups({
      by: ['GENRE'],
      filter: { releaseDate: { gte: '1995-01-01' } },
      having: { movieCount: { gte: 5 }, budget: { lte: '20000' } },
    });
    const expected = await inSql(
      'genre_id',
      keys,
      'count(distinct movie_id) >= 5 and sum(budget) <= 20000',
      "release_date >= '1995-01-01'",
    );
    expect(expected.length).toBeGreaterThan(0);
    expect(found.nodes).toEqual(expected);
    expect(found.totalCount).toBe(expected.length);
  });

  it('are paged like rows, also after the group without a year', async () => {
    const all = await groups({
      by: ['YEAR', 'GENRE'],
      first: 500,
      orderBy: [{ field: 'REVENUE', nulls: 'FIRST' }],
    });
    const paged = [];
    for (let after: string | null = null, more = true; more; ) {
      const found = await groups({
        by: ['YEAR', 'GENRE'],
        first: 7,
        after,
        orderBy: [{ field: 'REVENUE', nulls: 'FIRST' }],
      });
      paged.push(...found.nodes);
      ({ endCursor: after, hasNextPage: more } = found.pageInfo);
    }
    expect(paged).toEqual(all.nodes);
    expect(paged).toHaveLength(all.totalCount);
  });

  it('are refused without a key', async () => {
    const { body } = await api.query(GROUPS, { by: [] });
    expect(body.errors[0].message).toContain('by is empty');
  });
});
