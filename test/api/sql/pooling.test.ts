import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningApi, startApi } from '../../../src/api/server.js';
import { preparePooling, runPrepared, statementName } from '../../../src/api/sql/pooling.js';
import { type ScratchApi, startScratchApi } from '../scratch-api.js';
import { publish } from '../scratch-publications.js';
import { hasPgBouncer, type PgBouncer, startPgBouncer } from './pgbouncer.js';

if (!hasPgBouncer()) {
  const complaint = 'The program pgbouncer is not installed';
  if (process.env.MARQUEE_REQUIRE_PGBOUNCER === '1') {
    throw new Error(`${complaint}. MARQUEE_REQUIRE_PGBOUNCER forbids a skip.`);
  }
  process.stderr.write(`\n!!! ${complaint}. THE TESTS BEHIND A CONNECTION POOLER ARE SKIPPED.\n\n`);
}

const quotas = {
  requestsPerMinute: 10_000_000,
  costPerMinute: 1_000_000_000,
  statementSecondsPerMinute: 100_000,
};

/** The partner may not see companies, nor most of a film. */
const policies = [
  { clients: {} },
  {
    clients: { 'demo-partner': { reports: { movie_score_report: { columns: ['movie_id', 'movie_name'] } } } },
  },
];

type Client = 'demo-admin' | 'demo-partner';

/** A small query: key, order and fields vary, so that many texts are prepared at the same time. */
function queryOf(number: number): string {
  const turn = Math.floor(number / 4);
  const company = 1 + (turn % 12);
  const year = 1990 + (turn % 10);
  const field = ['budget', 'revenue', 'profit', 'releaseCount', 'averagePopularity'][turn % 5];
  return [
    `{ productionCompanyReport(first: 3, filter: { productionCompanyId: { eq: ${company} }, year: { lte: ${year} } }) { nodes { productionCompanyId year ${field} } } }`,
    `{ movieScoreReport(first: ${1 + (number % 3)}) { nodes { movieId movieName } } }`,
    `{ productionCompanyReport(first: 2, filter: { year: { eq: ${year} } }, orderBy: [{ field: PRODUCTION_COMPANY_ID, direction: DESC }]) { totalCount nodes { productionCompanyName ${field} } } }`,
    `{ a: movieScoreReport(first: 1) { nodes { movieId reportedVoteCount } } b: movieScoreReport(first: 2) { totalCount } }`,
  ][number % 4]!;
}

describe.skipIf(!hasPgBouncer())('behind a pooler in transaction mode', () => {
  let scratch: ScratchApi;
  let bouncer: PgBouncer;
  let folder: string;
  let tokens: Record<Client, string>;
  const warned: string[] = [];
  const expected = new Map<string, string>();

  async function start(
    policy: number,
    readerUrl: string,
    pooler?: 'none' | 'transaction',
  ): Promise<RunningApi> {
    const pool = new pg.Pool({ connectionString: readerUrl, max: 8 });
    pool.on('error', () => undefined);
    const api = await startApi({
      port: 0,
      host: '127.0.0.1',
      readerPool: pool,
      issuerUrl: scratch.issuer.issuerUrl,
      audience: 'marquee',
      reports: scratch.database.reports,
      logger: {
        info: () => undefined,
        warn: (_, message) => warned.push(message),
        error: () => undefined,
      },
      policyFile: join(folder, `policy-${policy}.json`),
      quotas,
      pooler,
    });
    return {
      ...api,
      async close() {
        await api.close();
        await pool.end();
      },
    };
  }

  async function ask(api: RunningApi, client: Client, query: string): Promise<string> {
    const answer = await fetch(`${api.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${tokens[client]}` },
      body: JSON.stringify({ query }),
    });
    // Each answer that names an error has a number of its own.
    return `${answer.status} ${(await answer.text()).replace(/,"requestId":"[^"]*"/g, '')}`;
  }

  /** Asks both servers in turns, many questions at once; gives the first wrong answers. */
  async function compare(servers: readonly RunningApi[], count: number): Promise<string[]> {
    const wrong: string[] = [];
    let next = 0;
    const work = async () => {
      for (let number = next++; number < count; number = next++) {
        const policy = number % 2;
        const client: Client = number % 3 === 0 ? 'demo-partner' : 'demo-admin';
        const query = queryOf(Math.floor(number / 2) % 240);
        const answer = await ask(servers[policy]!, client, query);
        const right = expected.get(`${policy} ${client} ${query}`);
        if (answer !== right) wrong.push(`${client} ${query}: ${answer} instead of ${right}`);
      }
    };
    await Promise.all(Array.from({ length: 24 }, work));
    return wrong.slice(0, 3);
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'marquee-pooling-'));
    for (const [number, policy] of policies.entries()) {
      await writeFile(join(folder, `policy-${number}.json`), JSON.stringify(policy));
    }
    scratch = await startScratchApi();
    await publish(scratch.database.owner, 1, 'movie_score_report', ['movie_id'], []);
    tokens = {
      'demo-admin': await scratch.issuer.token('demo-admin'),
      'demo-partner': await scratch.issuer.token('demo-partner'),
    };
    bouncer = await startPgBouncer(scratch.database.readerUrl);
    for (const policy of [0, 1]) {
      const direct = await start(policy, scratch.database.readerUrl);
      for (let number = 0; number < 240; number++) {
        for (const client of ['demo-admin', 'demo-partner'] as const) {
          const query = queryOf(number);
          expected.set(`${policy} ${client} ${query}`, await ask(direct, client, query));
        }
      }
      await direct.close();
    }
    expect([...expected.values()].filter((answer) => answer.includes('"nodes"')).length).toBeGreaterThan(200);
    expect([...expected.values()].filter((answer) => answer.includes('errors')).length).toBeGreaterThan(40);
  });
  afterAll(async () => {
    await bouncer?.close();
    await scratch?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it.each([
    ['the full policy first', [0, 1]],
    ['the narrow policy first', [1, 0]],
  ])(
    'two servers with different policies answer as without it: %s',
    { timeout: 120_000 },
    async (_, order) => {
      warned.length = 0;
      const servers: RunningApi[] = [];
      for (const policy of order) servers[policy] = await start(policy, bouncer.url);
      expect(await compare(servers, 5000)).toEqual([]);
      expect(warned.filter((message) => message.includes('A connection pooler'))).toHaveLength(2);
      await Promise.all(servers.map((server) => server.close()));
    },
  );

  it('a server that took the pooler for the database changes its mind at the first error that only a pooler causes', {
    timeout: 120_000,
  }, async () => {
    warned.length = 0;
    const servers = [await start(0, bouncer.url, 'none'), await start(1, bouncer.url, 'none')];
    expect(await compare(servers, 1500)).toEqual([]);
    expect(warned.join()).toContain('statements are no longer prepared');
    await Promise.all(servers.map((server) => server.close()));
  });

  it('a name that stood for two texts would give rows of the other question', async () => {
    const one = new pg.Pool({ connectionString: bouncer.url, max: 1 });
    const other = new pg.Pool({ connectionString: bouncer.url, max: 1 });
    // Names as they were given before: counted by each process.
    const named = (pool: pg.Pool, text: string) =>
      pool.query({ name: 'page_1_1', text, rowMode: 'array' }).then(
        ({ rows }) => rows[0],
        () => 'failed',
      );
    const answers: unknown[] = [];
    for (let tries = 0; tries < 40; tries++) {
      answers.push(...(await Promise.all([named(one, "select 'mine'"), named(other, "select 'theirs'")])));
    }
    expect(answers.some((answer, place) => String(answer) !== (place % 2 === 0 ? 'mine' : 'theirs'))).toBe(
      true,
    );
    await Promise.all([one.end(), other.end()]);
  });
});

describe('a direct connection', () => {
  it('is found to be one, and its statements are prepared', async () => {
    const scratch = await startScratchApi();
    const pool = new pg.Pool({ connectionString: scratch.database.readerUrl, max: 1 });
    const found: string[] = [];
    await preparePooling(pool, undefined, (sentence) => found.push(sentence));
    const text = 'select $1::int4 + 1';
    const statement = { name: statementName(text), text, rowMode: 'array' as const };
    expect(await runPrepared(pool, { ...statement, values: [1] })).toEqual([[2]]);
    const { rows } = await pool.query('select name, generic_plans::int from pg_prepared_statements');
    expect(rows).toEqual([{ name: statementName(text), generic_plans: 1 }]);
    expect(found).toEqual([]);
    await pool.end();
    await scratch.close();
  });
});
