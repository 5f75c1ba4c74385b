import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ScratchApi, startScratchApi } from '../scratch-api.js';

const LIMITS = {
  depth: 6,
  introspectionDepth: 9,
  cost: 400,
  tokens: 100,
  aliases: 5,
  fields: 100,
  inputDepth: 4,
  batch: 3,
  bodyBytes: 3000,
};

let api: ScratchApi;
beforeAll(async () => {
  api = await startScratchApi({ limits: LIMITS });
});
afterAll(() => api?.close());

async function post(body: unknown, to = api) {
  const token = await to.issuer.token('demo-partner');
  return to.send('/graphql', {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

const nested = (levels: number) =>
  Array.from({ length: levels }).reduce<string>(
    (inner, _, index) => (index % 2 ? `genres(first: 1) { ${inner} }` : `companies(first: 1) { ${inner} }`),
    'movieId',
  );
const film = (levels: number) =>
  levels % 2
    ? `{ movieGenreReport(first: 1) { nodes { ${nested(levels)} } } }`
    : `{ productionCompanyMoviesReport(first: 1) { nodes { ${nested(levels)} } } }`;
const aliased = (count: number) =>
  `{ genreReport(first: 1) { nodes { ${Array.from({ length: count }, (_, index) => `a${index}: year`).join(' ')} } } }`;
const tokens = (count: number) =>
  `{ genreReport { nodes { ${Array.from({ length: count - 8 }, () => 'year').join(' ')} } } }`;
/** Fragments that each spread the next one twice, so that the field of the last one occurs 2 ^ (count - 1) times. */
const spreads = (count: number, type: string, last: string) =>
  Array.from(
    { length: count },
    (_, index) =>
      `fragment f${index} on ${type} { ${index === count - 1 ? last : `...f${index + 1} ...f${index + 1}`} }`,
  ).join(' ');
const negated = (levels: number) => ({
  query: 'query ($f: GenreReportFilter) { genreReport(filter: $f) { nodes { year } } }',
  variables: { f: nestedFilter(levels - 3) },
});
const nestedFilter = (levels: number): object =>
  levels === 0 ? { year: { eq: 1 } } : { not: nestedFilter(levels - 1) };
const ofBytes = (count: number) => {
  const body = JSON.stringify({ query: '{__typename}', variables: { pad: '' } });
  return body.replace('""', `"${'x'.repeat(count - body.length)}"`);
};
const operation = { query: '{ __typename }' };

/** For each limit: a request that reaches it, one that exceeds it, and the limit that the refusal names. */
const CASES: [string, unknown, unknown, { name: string; allowed: number; actual: number }][] = [
  ['depth', { query: film(3) }, { query: film(4) }, { name: 'depth', allowed: 6, actual: 7 }],
  [
    'depth of introspection',
    {
      query:
        '{ __schema { types { fields { type { ofType { ofType { ofType { ofType { name } } } } } } } } }',
    },
    {
      query:
        '{ __schema { types { fields { type { ofType { ofType { ofType { ofType { ofType { name } } } } } } } } } }',
    },
    { name: 'depth', allowed: 9, actual: 10 },
  ],
  [
    'depth next to introspection',
    { query: `{ __schema { queryType { name } } ${film(3).slice(1)}` },
    { query: `{ __schema { queryType { name } } ${film(4).slice(1)}` },
    { name: 'depth', allowed: 6, actual: 7 },
  ],
  [
    'cost of rows',
    { query: '{ genreReport(first: 400) { nodes { year } } }' },
    { query: '{ genreReport(first: 401) { nodes { year } } }' },
    { name: 'cost', allowed: 400, actual: 401 },
  ],
  [
    'cost of related rows',
    { query: '{ movieGenreReport(first: 20) { nodes { companies(first: 19) { movieId } } } }' },
    { query: '{ movieGenreReport(first: 20) { nodes { companies(first: 20) { movieId } } } }' },
    { name: 'cost', allowed: 400, actual: 420 },
  ],
  [
    'cost of counts and totals, in variables and fragments',
    {
      query:
        'query ($n: Int) { genreReport(first: $n) { ...a } } fragment a on GenreReportConnection { totalCount totals { budget } }',
      variables: { n: 200 },
    },
    {
      query:
        'query ($n: Int) { genreReport(first: $n) { ...a } } fragment a on GenreReportConnection { totalCount totals { budget } }',
      variables: { n: 201 },
    },
    { name: 'cost', allowed: 400, actual: 401 },
  ],
  ['aliases', { query: aliased(5) }, { query: aliased(6) }, { name: 'aliases', allowed: 5, actual: 6 }],
  [
    'fields in fragments',
    { query: `{ genreReport(first: 1) { nodes { ...f0 } } } ${spreads(7, 'GenreReportRow', 'year')}` },
    { query: `{ genreReport(first: 1) { nodes { ...f0 } } } ${spreads(8, 'GenreReportRow', 'year')}` },
    { name: 'fields', allowed: 100, actual: 130 },
  ],
  ['depth of variables', negated(4), negated(5), { name: 'input depth', allowed: 4, actual: 5 }],
  ['tokens', { query: tokens(100) }, { query: tokens(101) }, { name: 'tokens', allowed: 100, actual: 101 }],
  [
    'batch size',
    [operation, operation, operation],
    [operation, operation, operation, operation],
    { name: 'batch size', allowed: 3, actual: 4 },
  ],
  ['body size', ofBytes(3000), ofBytes(3001), { name: 'body size in bytes', allowed: 3000, actual: 3001 }],
];

describe('the limit of', () => {
  it.each(CASES)(
    '%s refuses what exceeds it, and states the limit and the actual value',
    async (name, under, over, limit) => {
      const within = await post(under);
      expect(within.status).toBe(200);
      expect(within.body.errors).toBeUndefined();
      const beyond = await post(over);
      expect(beyond.status).toBe(name === 'body size' ? 413 : 400);
      expect(beyond.body.errors[0].extensions.limit).toEqual(limit);
      expect(beyond.body.errors[0].message).toBe(
        `The ${limit.name} is ${limit.actual}: at most ${limit.allowed} is allowed.`,
      );
      expect(beyond.body.data).toBeUndefined();
    },
  );

  it('page size refuses what exceeds it, and states the limit and the actual value', async () => {
    const large = await startScratchApi();
    const page = (first: number) => ({ query: `{ genreReport(first: ${first}) { nodes { year } } }` });
    expect((await post(page(500), large)).status).toBe(200);
    const { status, body } = await post(page(501), large);
    expect(status).toBe(400);
    expect(body.errors[0].extensions.limit).toEqual({ name: 'page size', allowed: 500, actual: 501 });
    await large.close();
  });
});

describe('the limit of cost', () => {
  it('counts a page as of an earlier publication as a whole report', async () => {
    const { body } = await post({ query: '{ genreReport(asOf: 1, first: 301) { nodes { year } } }' });
    expect(body.errors[0].extensions.limit).toEqual({ name: 'cost', allowed: 400, actual: 401 });
  });

  it('applies to all operations of a batch together', async () => {
    const page = (first: number) => ({ query: `{ genreReport(first: ${first}) { nodes { year } } }` });
    const within = await post([page(200), page(200)]);
    expect(within.body.map(({ errors }: { errors?: unknown }) => errors)).toEqual([undefined, undefined]);
    const beyond = await post([page(200), page(201)]);
    expect(beyond.body[0].errors).toBeUndefined();
    expect(beyond.body[1].errors[0].extensions.limit).toEqual({ name: 'cost', allowed: 400, actual: 401 });
  });
});

describe('a small request that causes a lot of work', () => {
  const DOCUMENTS = ['genreReport(first: 1) { nodes { ...f0 } } a: __typename', '...f0'];
  it.each(DOCUMENTS)('is refused immediately if fragments multiply: { %s }', async (root) => {
    const usual = await startScratchApi();
    const [type, last] = root.startsWith('...')
      ? ['Query', 'genreReport(first: 1) { nodes { year } }']
      : ['GenreReportRow', 'year'];
    const begun = performance.now();
    const { status, body } = await post({ query: `{ ${root} } ${spreads(22, type, last)}` }, usual);
    expect({ status, limit: body.errors[0].extensions.limit.name }).toEqual({ status: 400, limit: 'fields' });
    // Following them all takes about ten seconds, during which nobody else gets a response.
    expect(performance.now() - begun).toBeLessThan(2000);
    await usual.close();
  });

  it('is refused as too deep, not as an internal error, if a variable is nested thousands of times', async () => {
    const usual = await startScratchApi();
    for (const levels of [2000, 10_000]) {
      const filter = `${'{"not":'.repeat(levels)}{}${'}'.repeat(levels)}`;
      const { status, body } = await post(
        `{"query":"query ($f: GenreReportFilter) { genreReport(filter: $f) { totalCount } }","variables":{"f":${filter}}}`,
        usual,
      );
      expect({ status, limit: body.errors[0].extensions.limit?.name }).toEqual({
        status: 400,
        limit: 'input depth',
      });
    }
    expect(usual.errors).toEqual([]);
    await usual.close();
  });
});

describe('a batch', () => {
  it('returns the results in order, and its operations fail independently', async () => {
    const { status, body } = await post([
      { query: '{ a: __typename }' },
      { query: '{ nonsense }' },
      { operationName: 'a' },
    ]);
    expect(status).toBe(200);
    expect(body[0].data).toEqual({ a: 'Query' });
    expect(body[1].errors[0].extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
    expect(body[2].errors[0].extensions.code).toBe('BAD_REQUEST');
  });

  it.each([[[]], [[{}]], [[1]]])('%j is refused', async (batch) => {
    const { status, headers, body } = await post(batch);
    expect(status).toBe(400);
    expect(body.errors[0].extensions).toEqual({
      code: 'BAD_REQUEST',
      requestId: headers.get('x-request-id'),
    });
  });

  it('reads one publication in all its operations', async () => {
    const page = { query: '{ genreReport(first: 1) { nodes { year } } }' };
    let connections = 0;
    const count = () => {
      connections += 1;
    };
    api.database.reader.on('acquire', count);
    const { body } = await post([page, page, page]);
    api.database.reader.off('acquire', count);
    expect(body.map(({ data }: { data: unknown }) => data)).toEqual(
      Array.from({ length: 3 }, () => ({ genreReport: { nodes: [] } })),
    );
    // One snapshot per connection.
    expect(connections).toBe(1);
  });
});

describe('a persisted document', () => {
  const query = '{ genreReport(first: 1) { totalCount } }';
  const extensions = {
    persistedQuery: { version: 1, sha256Hash: createHash('sha256').update(query).digest('hex') },
  };

  it('is sent once, then requested by its hash, and has an etag', async () => {
    const unknown = await post({ extensions });
    expect(unknown.status).toBe(200);
    expect(unknown.body.errors[0]).toMatchObject({
      message: 'PersistedQueryNotFound',
      extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' },
    });
    expect((await post({ query, extensions })).body.data.genreReport).toEqual({ totalCount: 0 });
    const known = await post({ extensions });
    expect(known.body.data.genreReport).toEqual({ totalCount: 0 });
    const token = await api.issuer.token('demo-partner');
    const again = await api.send('/graphql', {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'if-none-match': known.headers.get('etag')!,
      },
      body: JSON.stringify({ extensions }),
    });
    expect(again.status).toBe(304);
  });

  it('is refused if the hash is wrong', async () => {
    const { status, body } = await post({ query: '{ __typename }', extensions });
    expect(status).toBe(400);
    expect(body.errors[0].message).toContain('sha does not match query');
  });

  it('is required if there is a safelist', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'marquee-safelist-'));
    const safelistFile = join(folder, 'safelist.json');
    await writeFile(safelistFile, JSON.stringify([query]));
    const strict = await startScratchApi({ safelistFile });
    expect((await post({ query }, strict)).status).toBe(200);
    expect((await post({ extensions }, strict)).status).toBe(200);
    const other = await post({ query: '{ __typename }' }, strict);
    expect({ status: other.status, code: other.body.errors[0].extensions.code }).toEqual({
      status: 403,
      code: 'PERSISTED_QUERY_NOT_LISTED',
    });
    await strict.close();
    await rm(folder, { recursive: true });
  });
});

describe('the rate limit', () => {
  it('reports what is left, and refuses more with the time to retry', async () => {
    const few = await startScratchApi({ quotas: { requestsPerMinute: 2 } });
    const first = await post(operation, few);
    expect(first.headers.get('ratelimit-policy')).toBe('"requests";q=2;w=60');
    expect(first.headers.get('ratelimit')).toMatch(/^"requests";r=1;t=(60|59)$/);
    expect((await post(operation, few)).status).toBe(200);
    const { status, headers, body } = await post(operation, few);
    expect(status).toBe(429);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(50);
    expect(body.errors[0].extensions).toMatchObject({
      code: 'RATE_LIMITED',
      limit: { name: 'requests in 60 s', allowed: 2, actual: 3 },
    });
    const other = await few.issuer.token('demo-admin');
    const another = await few.send('/livez', { headers: { authorization: `Bearer ${other}` } });
    expect(another.status).toBe(200);
    await few.close();
  });

  it('counts the cost of operations, also of cached responses', async () => {
    const few = await startScratchApi({ quotas: { costPerMinute: 100 } });
    const query = { query: '{ genreReport(first: 40) { nodes { year } } }' };
    expect((await post(query, few)).status).toBe(200);
    expect((await post(query, few)).status).toBe(200);
    expect((await post(query, few)).status).toBe(429);
    await few.close();
  });
});
