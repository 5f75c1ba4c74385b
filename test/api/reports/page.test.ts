import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ScratchApi, startScratchApi } from '../scratch-api.js';

let api: ScratchApi;
beforeAll(async () => {
  api = await startScratchApi();
});
afterAll(() => api?.close());

const PAGE = `query ($orderBy: [ProductionCompanyReportOrder!], $filter: ProductionCompanyReportFilter,
    $first: Int, $after: String, $last: Int, $before: String) {
  productionCompanyReport(orderBy: $orderBy, filter: $filter, first: $first, after: $after, last: $last, before: $before) {
    totalCount
    nodes { productionCompanyId year revenue }
    edges { cursor node { productionCompanyId } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`;

async function page(variables: object) {
  const { body } = await api.query(PAGE, variables);
  expect(body.errors).toBeUndefined();
  return body.data.productionCompanyReport;
}

async function inSql(orderBy: string) {
  const { rows } = await api.database.owner.query(
    `select production_company_id as "productionCompanyId", year, revenue::text
     from (select *, row_number() over (order by ${orderBy}) as place from reporting.production_company_report) numbered
     order by place`,
  );
  return rows;
}

const KEY = 'production_company_id, year';
const ORDERS: [string, object[]][] = [
  [KEY, []],
  [
    `year desc, production_company_id desc`,
    [
      { field: 'YEAR', direction: 'DESC' },
      { field: 'PRODUCTION_COMPANY_ID', direction: 'DESC' },
    ],
  ],
  [`revenue asc nulls last, ${KEY}`, [{ field: 'REVENUE' }]],
  [`revenue desc nulls last, ${KEY}`, [{ field: 'REVENUE', direction: 'DESC' }]],
  [`revenue asc nulls first, ${KEY}`, [{ field: 'REVENUE', nulls: 'FIRST' }]],
  [`revenue desc nulls first, ${KEY}`, [{ field: 'REVENUE', direction: 'DESC', nulls: 'FIRST' }]],
  [
    `production_company_name desc nulls first, profit asc nulls last, average_popularity desc nulls last, ${KEY}`,
    [
      { field: 'PRODUCTION_COMPANY_NAME', direction: 'DESC', nulls: 'FIRST' },
      { field: 'PROFIT' },
      { field: 'AVERAGE_POPULARITY', direction: 'DESC' },
    ],
  ],
];

describe('pages of a report', () => {
  it.each(ORDERS)(
    'contain every row once, forward and backward, ordered by %s',
    async (orderBySql, orderBy) => {
      const expected = await inSql(orderBySql);
      const forward = [];
      for (let after: string | null = null, more = true; more; ) {
        const found = await page({ orderBy, first: 17, after });
        expect(found.pageInfo.hasPreviousPage).toBe(after !== null);
        expect(found.totalCount).toBe(expected.length);
        forward.push(...found.nodes);
        ({ endCursor: after, hasNextPage: more } = found.pageInfo);
      }
      expect(forward).toEqual(expected);
      const backward = [];
      for (let before: string | null = null, more = true; more; ) {
        const found = await page({ orderBy, last: 23, before });
        expect(found.pageInfo.hasNextPage).toBe(before !== null);
        backward.unshift(...found.nodes);
        ({ startCursor: before, hasPreviousPage: more } = found.pageInfo);
      }
      expect(backward).toEqual(expected);
    },
  );

  it('are between two cursors if both are given', async () => {
    const { edges, nodes } = await page({ first: 10 });
    const between = await page({ after: edges[2].cursor, before: edges[7].cursor });
    expect(between.nodes).toEqual(nodes.slice(3, 7));
    expect(between.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
  });

  it('have 50 rows by default, and no rows with first: 0', async () => {
    expect((await page({})).nodes).toHaveLength(50);
    const none = await page({ first: 0 });
    expect(none).toMatchObject({
      nodes: [],
      totalCount: 121,
      pageInfo: { hasNextPage: true, endCursor: null },
    });
  });

  it.each([
    [{ last: -1 }, 'last is -1, expected 0 to 500.'],
    [{ first: 1, last: 1 }, 'first and last are both given'],
    [{ after: 'nonsense' }, 'after is not a cursor of this report and order'],
    [{ orderBy: [{ field: 'YEAR' }, { field: 'YEAR' }] }, 'orderBy names a column twice'],
  ])('are refused for %j', async (variables, message) => {
    const { body } = await api.query(PAGE, variables);
    expect(body.errors[0].message).toContain(message);
    expect(body.errors[0].extensions.code).toBe('BAD_USER_INPUT');
  });

  it('refuse a cursor of another order or with invalid values', async () => {
    const { pageInfo } = await page({ first: 1 });
    const other = await api.query(PAGE, { orderBy: [{ field: 'YEAR' }], after: pageInfo.endCursor });
    expect(other.body.errors[0].message).toContain('not a cursor of this report and order');
    const [mark] = JSON.parse(Buffer.from(pageInfo.endCursor, 'base64url').toString());
    for (const values of [['1; drop table x', 1], [1, 99999999999], [null, 1], [{}, 1], [1]]) {
      const forged = Buffer.from(JSON.stringify([mark, ...values])).toString('base64url');
      const answer = await api.query(PAGE, { after: forged });
      expect(answer.body.errors[0].extensions.code).toBe('BAD_USER_INPUT');
    }
  });
});
