import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type ScratchApi, startScratchApi } from './scratch-api.js';
import { publish } from './scratch-publications.js';

let api: ScratchApi;
beforeAll(async () => {
  api = await startScratchApi();
});
afterAll(() => api?.close());

async function batch(to: ScratchApi, queries: readonly string[]) {
  const token = await to.issuer.token('demo-partner');
  const { body } = await to.send('/graphql', {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(queries.map((query) => ({ query }))),
  });
  return body;
}

describe('the server', () => {
  it('is live and ready, and names the publication it serves', async () => {
    expect(await api.send('/livez')).toMatchObject({ status: 200, body: { live: true } });
    expect(await api.send('/readyz')).toMatchObject({
      status: 200,
      body: { ready: true, publication: null },
    });
  });

  it('returns a safe request id and replaces any other', async () => {
    const given = await api.send('/livez', { headers: { 'x-request-id': 'abc-1' } });
    expect(given.headers.get('x-request-id')).toBe('abc-1');
    const odd = await api.send('/livez', { headers: { 'x-request-id': '<script>' } });
    expect(odd.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('responds to an unknown path with NOT_FOUND', async () => {
    const { status, body } = await api.send('/nowhere');
    expect(status).toBe(404);
    expect(body.errors[0].extensions.code).toBe('NOT_FOUND');
  });

  it.each([
    ['{ genreReport { totlCount } }', 'GRAPHQL_VALIDATION_FAILED'],
    ['subscription { genreReport { totalCount } }', 'GRAPHQL_VALIDATION_FAILED'],
    ['{ genreReport {', 'GRAPHQL_PARSE_FAILED'],
    ['query a { __typename } query b { __typename }', 'OPERATION_RESOLUTION_FAILURE'],
  ])('rejects %s with a code and the request id, without schema hints', async (query, code) => {
    const { status, headers, body } = await api.query(query);
    expect(status).toBe(400);
    expect(body.errors[0].extensions).toEqual({ code, requestId: headers.get('x-request-id') });
    expect(body.errors[0].message).not.toMatch(/did you mean/i);
  });

  it('rejects a cross-site request that needs no preflight', async () => {
    const token = await api.issuer.token('demo-partner');
    const { status, headers, body } = await api.send('/graphql?query={__typename}', {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(status).toBe(400);
    expect(body.errors[0].message).toContain('CSRF');
    expect(body.errors[0].extensions.requestId).toBe(headers.get('x-request-id'));
  });

  it.each([
    ['not JSON', '{', 400, 'BAD_REQUEST'],
    ['too large', JSON.stringify({ query: ' '.repeat(200_000) }), 413, 'BODY_TOO_LARGE'],
  ])('rejects a body that is %s', async (_what, body, status, code) => {
    const token = await api.issuer.token('demo-partner');
    const answer = await api.send('/graphql', {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body,
    });
    expect(answer.status).toBe(status);
    expect(answer.body.errors[0].extensions.code).toBe(code);
  });

  it('reveals nothing about the database when a statement fails', async () => {
    await api.database.owner.query('revoke select on reporting.genre_report from marquee_reader');
    const { body } = await api.query('{ genreReport { totalCount } }');
    await api.database.owner.query('grant select on reporting.genre_report to marquee_reader');
    expect(body.errors).toMatchObject([
      {
        message: 'Internal error. Report it with the request id.',
        extensions: { code: 'INTERNAL_SERVER_ERROR' },
      },
    ]);
    expect(JSON.stringify(body)).not.toMatch(/permission|reporting|select/);
  });

  it('reports a statement timeout', async () => {
    const lock = await api.database.owner.connect();
    await lock.query('begin; lock reporting.genre_report in access exclusive mode');
    const impatient = await startScratchApi({
      readerPool: api.database.readerWith(''),
      limits: { statementMs: 200 },
    });
    const { body } = await impatient.query('{ genreReport { totalCount } }');
    await lock.query('rollback');
    lock.release();
    await impatient.close();
    expect(body.errors[0].extensions.code).toBe('STATEMENT_TIMEOUT');
  });

  it('runs the rest of a batch after Postgres rejects a value', async () => {
    const { body } = await api.query('{ movieScoreReport(first: 1) { pageInfo { endCursor } } }');
    const [mark] = JSON.parse(
      Buffer.from(body.data.movieScoreReport.pageInfo.endCursor, 'base64url').toString(),
    );
    const beyond = Buffer.from(JSON.stringify([mark, 9_999_999_999])).toString('base64url');
    const answers = await batch(api, [
      `{ movieScoreReport(after: "${beyond}") { nodes { movieId } } }`,
      '{ movieScoreReport(first: 1) { nodes { movieId } } }',
    ]);
    expect(answers[0].errors[0].extensions.code).toBe('BAD_USER_INPUT');
    expect(answers[1].errors).toBeUndefined();
    expect(answers[1].data.movieScoreReport.nodes).toHaveLength(1);
  });

  it('reports a statement timeout for the rest of the batch, too', async () => {
    const lock = await api.database.owner.connect();
    await lock.query('begin; lock reporting.genre_report in access exclusive mode');
    const impatient = await startScratchApi({
      readerPool: api.database.readerWith(''),
      limits: { statementMs: 200 },
    });
    const answers = await batch(impatient, [
      '{ genreReport { totalCount } }',
      '{ movieScoreReport(first: 1) { nodes { movieId } } }',
    ]);
    await lock.query('rollback');
    lock.release();
    await impatient.close();
    expect(answers.map(({ errors }: Answer['body']) => errors[0].extensions.code)).toEqual([
      'STATEMENT_TIMEOUT',
      'STATEMENT_TIMEOUT',
    ]);
  });

  it('reports that the database is unavailable, also for a cached response', async () => {
    const { owner, reader } = api.database;
    const pool = new pg.Pool({ connectionString: reader.options.connectionString! });
    await publish(owner, 1, 'genre_report', ['genre_id', 'year'], []);
    const cut = await startScratchApi({ readerPool: pool });
    const ask = () => cut.query('{ movieScoreReport(first: 1) { nodes { movieId } } }');
    for (let time = 0; time < 3; time += 1) expect((await ask()).status).toBe(200);
    await pool.end();
    const { status, body } = await ask();
    await cut.close();
    expect([status, body.errors[0].extensions.code]).toEqual([503, 'DATABASE_UNAVAILABLE']);
    expect(cut.errors).toHaveLength(1);
  });

  it('releases every connection, also after errors', async () => {
    await Promise.all(
      Array.from({ length: 30 }, () => api.query('{ genreReport { nodes { year } totalCount } }')),
    );
    expect(api.database.reader.waitingCount).toBe(0);
    await expect.poll(() => api.database.reader.totalCount - api.database.reader.idleCount).toBe(0);
  });

  it('finishes running requests before it stops', async () => {
    const stopping = await startScratchApi();
    const lock = await stopping.database.owner.connect();
    await lock.query('begin; lock reporting.genre_report in access exclusive mode');
    const answer = stopping.query('{ genreReport { totalCount } }');
    await expect.poll(() => waitingForLock(stopping)).toBe(1);
    const stopped = stopping.stop();
    await expect(fetch(`${stopping.url}/livez`)).rejects.toThrow();
    await lock.query('rollback');
    lock.release();
    expect((await answer).body.data).toEqual({ genreReport: { totalCount: 0 } });
    await stopped;
    await Promise.all([stopping.issuer.close(), stopping.database.drop()]);
  });
});

async function waitingForLock({ database }: ScratchApi): Promise<number> {
  const { rows } = await database.owner.query(
    "select count(*)::int as count from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
  );
  return rows[0].count;
}
