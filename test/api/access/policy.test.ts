import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callerPolicies } from '../../../src/api/access/caller-policy.js';
import { type ScratchApi, startScratchApi } from '../scratch-api.js';
import { publish } from '../scratch-publications.js';

/** The partner can read the years 1993 to 1995 of companies 1 to 3 without revenue, and films without budget. */
const POLICY = {
  clients: {
    'demo-partner': {
      reports: {
        production_company_report: {
          columns: ['production_company_id', 'production_company_name', 'year', 'budget', 'release_count'],
          rows: { year: { gte: 1993, lte: 1995 }, production_company_id: { in: [1, 2, 3] } },
        },
        movie_score_report: {
          columns: ['movie_id', 'movie_name', 'reported_vote_count', 'release_date'],
        },
      },
      quotas: { maxCost: 1000 },
    },
  },
};
const ROWS = 'year between 1993 and 1995 and production_company_id in (1, 2, 3)';

let api: ScratchApi;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'marquee-policy-'));
  const policyFile = join(folder, 'policy.json');
  await writeFile(policyFile, JSON.stringify(POLICY));
  api = await startScratchApi({ policyFile });
  const { owner } = api.database;
  await publish(owner, 1, 'production_company_report', ['production_company_id', 'year'], []);
  await publish(
    owner,
    2,
    'production_company_report',
    ['production_company_id', 'year'],
    [
      { update: { production_company_id: 1, year: 1994 }, set: { budget: '777', revenue: '888' } },
      { update: { production_company_id: 9, year: 1994 }, set: { budget: '999' } },
      { delete: { production_company_id: 2, year: 1993 } },
    ],
  );
  await owner.query(`insert into reporting.report_catalog
    select name, 'd', 'g', array[k], '{}', 5, 2, now() from (values
      ('production_company_report', 'year'), ('movie_score_report', 'movie_id'), ('genre_report', 'year')) t (name, k)`);
  await owner.query(`insert into reporting.data_dictionary
    select 'reporting', 'production_company_report', c, 1, 'numeric', null, 'd', null from unnest(array['budget', 'revenue']) c`);
});
afterAll(async () => {
  await api?.close();
  await rm(folder, { recursive: true, force: true });
});

async function adminQuery(query: string) {
  const token = await api.issuer.token('demo-admin');
  return api.send('/graphql', {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
}

describe('a restricted client', () => {
  it('reads only its rows, also in counts, totals and pages from the end', async () => {
    const { rows } = await api.database.owner.query(
      `select count(*)::int as count, sum(budget)::text as budget from reporting.production_company_report where ${ROWS}`,
    );
    const { body } = await api.query(`{
      productionCompanyReport { nodes { productionCompanyId year } totalCount totals { rowCount budget } pageInfo { hasNextPage } }
      last: productionCompanyReport(last: 500) { nodes { year } }
    }`);
    const { nodes, totalCount, totals, pageInfo } = body.data.productionCompanyReport;
    expect({ totalCount, totals, pageInfo }).toEqual({
      totalCount: rows[0].count,
      totals: { rowCount: rows[0].count, budget: rows[0].budget },
      pageInfo: { hasNextPage: false },
    });
    expect(nodes).toHaveLength(rows[0].count);
    expect(body.data.last.nodes).toHaveLength(rows[0].count);
    for (const { productionCompanyId, year } of nodes) {
      expect([1, 2, 3]).toContain(productionCompanyId);
      expect([1993, 1994, 1995]).toContain(year);
    }
  });

  it('cannot find hidden rows with a filter or its negation', async () => {
    const { body } = await api.query(`{
      a: productionCompanyReport(filter: { productionCompanyId: { eq: 99 } }) { totalCount nodes { year } }
      b: productionCompanyReport(filter: { or: [{ year: { eq: 2001 } }, { not: { year: { eq: 1994 } } }] }) { totals { budget rowCount } nodes { year } }
    }`);
    expect(body.data.a).toEqual({ totalCount: 0, nodes: [] });
    expect(body.data.b.nodes.every(({ year }: { year: number }) => [1993, 1995].includes(year))).toBe(true);
  });

  it('learns nothing about a hidden row from a forged cursor', async () => {
    const { body } = await api.query('{ productionCompanyReport(first: 1) { pageInfo { endCursor } } }');
    const [mark] = JSON.parse(
      Buffer.from(body.data.productionCompanyReport.pageInfo.endCursor, 'base64url').toString(),
    );
    const forged = Buffer.from(JSON.stringify([mark, 4, 1990])).toString('base64url');
    const after = await api.query(
      `{ productionCompanyReport(after: "${forged}") { nodes { year } pageInfo { hasPreviousPage hasNextPage } } }`,
    );
    expect(after.body.data.productionCompanyReport.nodes).toEqual([]);
  });

  const hidden: [string, string][] = [
    ['a selected column', '{ productionCompanyReport { nodes { revenue } } }'],
    [
      'a column under an alias in an edge',
      '{ productionCompanyReport { edges { node { year: revenue } } } }',
    ],
    ['a filter', '{ productionCompanyReport(filter: { revenue: { gte: "1" } }) { totalCount } }'],
    [
      'a filter within others',
      '{ productionCompanyReport(filter: { or: [{ not: { profit: { isNull: true } } }] }) { totalCount } }',
    ],
    ['an order', '{ productionCompanyReport(orderBy: [{ field: REVENUE }]) { nodes { year } } }'],
    ['a total', '{ productionCompanyReport { totals { revenue } } }'],
    ['a total of an earlier publication', '{ productionCompanyReport(asOf: 1) { totals { revenue } } }'],
    ['a group', '{ movieScoreReportGroups(by: [YEAR]) { nodes { budget } } }'],
    [
      'a having',
      '{ movieScoreReportGroups(by: [YEAR], having: { budget: { gte: "1" } }) { nodes { year } } }',
    ],
    [
      'an order of groups',
      '{ movieScoreReportGroups(by: [YEAR], orderBy: [{ field: BUDGET }]) { nodes { year } } }',
    ],
    [
      'a filter before groups',
      '{ movieScoreReportGroups(by: [YEAR], filter: { movieScore: { gte: "1" } }) { nodes { year } } }',
    ],
    ['a whole report', '{ genreReport { totalCount } }'],
    [
      'related rows of a hidden report',
      '{ productionCompanyReport(first: 3) { nodes { films { movieId } } } }',
    ],
    [
      'related rows of a hidden report from a visible one',
      '{ movieScoreReport(first: 3) { nodes { genres { genreId } } } }',
    ],
    ['groups of a hidden report', '{ movieGenreReportGroups(by: [GENRE]) { totalCount } }'],
  ];
  it.each(hidden)('is denied %s it cannot read', async (_what, query) => {
    const { body } = await api.query(query);
    expect(body.errors[0].extensions.code).toBe('FORBIDDEN');
    expect(JSON.stringify(body.data ?? null)).not.toMatch(/\d/);
    // The same query works for an unrestricted client, so the denial is not caused by a mistake in the query.
    expect((await adminQuery(query)).body.errors).toBeUndefined();
  });

  it('reads only the changes of its rows and columns, without causes', async () => {
    const query =
      '{ reportChanges { nodes { rowKey change columnName oldValue newValue cause } totalCount } }';
    const { body } = await api.query(query);
    expect(body.data.reportChanges.totalCount).toBe(2);
    const [updated, deleted] = body.data.reportChanges.nodes;
    expect(updated).toMatchObject({
      rowKey: { production_company_id: 1, year: 1994 },
      columnName: 'budget',
      newValue: '777',
      cause: null,
    });
    expect(deleted).toMatchObject({ change: 'delete', cause: null });
    expect(Object.keys(JSON.parse(deleted.oldValue)).sort()).toEqual(
      [...POLICY.clients['demo-partner'].reports.production_company_report.columns].sort(),
    );
    expect((await adminQuery(query)).body.data.reportChanges.totalCount).toBe(4);
  });

  it('reads row counts, but not change counts that include hidden columns', async () => {
    const { owner } = api.database;
    const { rows } = await owner.query('select changes from reporting.publication where number = 1');
    await owner.query(`update reporting.publication set row_counts = '{"movie_score_report": 3}',
      changes = '{"movie_score_report": {"inserted": 0, "updated": 1, "deleted": 0}}' where number = 1`);
    const { body } = await api.query('{ publication(number: 1) { rowCounts changes } }');
    await owner.query("update reporting.publication set row_counts = '{}', changes = $1 where number = 1", [
      JSON.stringify(rows[0].changes),
    ]);
    expect(body.data.publication).toEqual({ rowCounts: { movie_score_report: 3 }, changes: {} });
  });

  it('does not read columns that the report no longer has', async () => {
    const { owner } = api.database;
    await owner.query(`insert into reporting.report_change (publication, report, row_key, change, old_value)
      values (2, 'movie_score_report', '{"movie_id": 77}', 'delete', '{"movie_id": 77, "revenue_usd": 5}')`);
    const query =
      '{ reportChanges(filter: { report: { eq: "movie_score_report" } }) { nodes { oldValue } } }';
    const { body } = await api.query(query);
    expect(body.data.reportChanges.nodes).toEqual([{ oldValue: '{"movie_id": 77}' }]);
    await owner.query("delete from reporting.report_change where report = 'movie_score_report'");
  });

  it('reads only its rows and columns of an earlier publication', async () => {
    const { body } = await api.query(
      '{ productionCompanyReport(asOf: 1) { nodes { productionCompanyId year budget } totalCount } }',
    );
    expect(body.data.productionCompanyReport.totalCount).toBe(9);
    expect(body.data.productionCompanyReport.nodes).toContainEqual({
      productionCompanyId: 2,
      year: 1993,
      budget: '6000000',
    });
  });

  it('reads its part of the catalog, without counts of hidden rows', async () => {
    const { body } = await api.query(
      '{ reports { name fields rowCount } dataDictionary { columnName } publications { nodes { number rowCounts changes } } }',
    );
    expect(body.data.reports).toEqual([
      {
        name: 'movie_score_report',
        fields: ['movieId', 'movieName', 'reportedVoteCount', 'releaseDate'],
        rowCount: 5,
      },
      {
        name: 'production_company_report',
        fields: ['productionCompanyId', 'productionCompanyName', 'year', 'budget', 'releaseCount'],
        rowCount: null,
      },
    ]);
    expect(body.data.dataDictionary).toEqual([{ columnName: 'budget' }]);
    expect(body.data.publications.nodes[1]).toEqual({ number: 2, rowCounts: {}, changes: {} });
  });

  it('never shares a cached response with a client that has other rights', async () => {
    const query = '{ productionCompanyReport(first: 500) { totalCount nodes { year } } }';
    for (let time = 0; time < 3; time += 1) {
      expect((await adminQuery(query)).body.data.productionCompanyReport.totalCount).toBe(120);
      expect((await api.query(query)).body.data.productionCompanyReport.totalCount).toBe(8);
    }
  });

  it('has the quotas of its policy', async () => {
    const cost = (first: number) =>
      `{ productionCompanyReport(first: ${first}) { nodes { year } totals { budget } } b: movieScoreReport(first: 500) { totalCount } }`;
    expect((await api.query(cost(300))).status).toBe(200);
    const { body } = await api.query(cost(301));
    expect(body.errors[0].message).toBe('The cost is 1001: at most 1000 is allowed.');
  });
});

describe('a policy', () => {
  it.each([
    [{ client: {} }, 'Unrecognized key'],
    [{ clients: { a: { reports: { no_report: {} } } } }, 'unknown report'],
    [{ clients: { a: { reports: { genre_report: { columns: ['no'] } } } } }, 'unknown column no'],
    [
      { clients: { a: { reports: { genre_report: { columns: ['year'] } } } } },
      'the key column genre_id cannot be hidden',
    ],
    [{ clients: { a: { reports: { genre_report: { rows: { year: {} } } } } } }, 'expected at least one of'],
    [
      { clients: { a: { reports: { genre_report: { rows: { year: { eq: 'x' } } } } } } },
      'expected int, found x',
    ],
    [{ clients: { a: { quotas: { requestsPerMinute: 0 } } } }, 'clients.a.quotas.requestsPerMinute'],
  ])('%j stops the start with an error that names the fault', (policy, fault) => {
    expect(() => callerPolicies(policy, api.database.reports)).toThrow(fault);
  });
});

describe('two clients whose rules differ only in a value', () => {
  it('each read their own rows, also with simultaneous requests', async () => {
    const rules = (company: number) => ({
      reports: { production_company_report: { rows: { production_company_id: { eq: company } } } },
    });
    const policyFile = join(folder, 'two.json');
    await writeFile(
      policyFile,
      JSON.stringify({ clients: { 'demo-partner': rules(1), 'demo-admin': rules(2) } }),
    );
    const two = await startScratchApi({ policyFile });
    const ask = async (client: 'demo-partner' | 'demo-admin', year: number) => {
      const { body } = await two.send('/graphql', {
        method: 'POST',
        headers: {
          authorization: `Bearer ${await two.issuer.token(client)}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify({
          query: `query ($year: Int) { productionCompanyReport(filter: { year: { gte: $year } }) { nodes { productionCompanyId year } } }`,
          variables: { year },
        }),
      });
      return body.data.productionCompanyReport.nodes as { productionCompanyId: number; year: number }[];
    };
    for (let round = 0; round < 5; round += 1) {
      const asked = Array.from({ length: 16 }, (_, index) => index);
      const answers = await Promise.all(
        asked.map((index) => ask(index % 2 === 0 ? 'demo-partner' : 'demo-admin', 1990 + (index >> 1))),
      );
      for (const [index, rows] of answers.entries()) {
        expect(new Set(rows.map(({ productionCompanyId }) => productionCompanyId))).toEqual(
          new Set([(index % 2) + 1]),
        );
        expect(rows[0]!.year).toBe(1990 + (index >> 1));
      }
    }
    await two.close();
  });
});
