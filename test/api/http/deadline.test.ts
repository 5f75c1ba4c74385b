import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openProxy, type TcpProxy } from '../../tcp-proxy.js';
import { type ScratchApi, startScratchApi } from '../scratch-api.js';

describe('a database that hangs', () => {
  let api: ScratchApi;
  let proxy: TcpProxy;
  let pool: pg.Pool;

  beforeAll(async () => {
    api = await startScratchApi(async ({ readerUrl }) => {
      proxy = await openProxy(readerUrl);
      pool = new pg.Pool({ connectionString: proxy.url, max: 2, connectionTimeoutMillis: 1000 });
      pool.on('error', () => undefined);
      return { readerPool: pool, limits: { deadlineMs: 700 } };
    });
  });
  afterEach(() => proxy.thaw());
  afterAll(async () => {
    await api.close();
    await pool.end();
    await proxy.cut();
  });

  const page = '{ movieScoreReport(first: 1) { nodes { movieId } } }';
  const counted =
    '{ a: movieScoreReport(first: 1) { nodes { movieId } } b: movieScoreReport { totalCount } }';

  it.each([
    ['one page', page],
    ['resolvers', counted],
  ])('is answered with 503 after the deadline, and works again afterwards: %s', async (_, query) => {
    expect(await api.query(query)).toMatchObject({ status: 200 });
    proxy.freeze();
    const started = performance.now();
    // More requests than connections, so that some wait for a connection only.
    const answers = await Promise.all(Array.from({ length: 5 }, () => api.query(query)));
    expect(performance.now() - started).toBeLessThan(5000);
    for (const { status, body } of answers) {
      expect({ status, code: body.errors[0].extensions.code }).toEqual({
        status: 503,
        code: 'DATABASE_UNAVAILABLE',
      });
    }
    proxy.thaw();
    await expect.poll(async () => (await api.query(query)).status, { timeout: 10_000 }).toBe(200);
  });
});

describe('a database that refuses the login', () => {
  it('is answered with 503', async () => {
    let pool: pg.Pool | undefined;
    const api = await startScratchApi(async ({ readerUrl }) => {
      const url = new URL(readerUrl);
      url.pathname = '/no_such_database';
      pool = new pg.Pool({ connectionString: url.href });
      return { readerPool: pool };
    });
    for (const query of [
      '{ movieScoreReport(first: 1) { nodes { movieId } } }',
      '{ a: movieScoreReport { totalCount } b: movieScoreReport { totalCount } }',
    ]) {
      const { status, body } = await api.query(query);
      expect({ status, code: body.errors[0].extensions.code }).toEqual({
        status: 503,
        code: 'DATABASE_UNAVAILABLE',
      });
    }
    await api.close();
    await pool!.end();
  });
});
