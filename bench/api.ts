import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';
import pg from 'pg';
import { fetchClientToken } from '../src/auth/client-credentials.js';
import { startIssuer } from '../src/auth/issuer.js';
import { useEmbeddedPostgres } from '../src/database/embedded/embedded-postgres.js';
import { migrate } from '../src/database/migrate.js';
import type { ServerSettings } from './api-servers.js';

/** Set by `--seconds N`: how long each server is measured. */
const SECONDS = Number(process.argv[process.argv.indexOf('--seconds') + 1]) || 8;
const WARM_UP_SECONDS = 4;
const CONNECTIONS = 32;
const COMPANIES = 4000;
const FILMS_EACH = 25;

const QUERY = `query ($filter: ProductionCompanyMoviesReportFilter) {
  productionCompanyMoviesReport(filter: $filter, first: 50) {
    nodes { movieId movieName productionCompanyId productionCompanyName budget revenue profit releaseDate }
  }
}`;
/** The same for a server whose types have other names. */
const APOLLO_QUERY = QUERY.replace('ProductionCompanyMoviesReportFilter', 'Filter');

interface Figures {
  readonly perSecond: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly errors: number;
}

let asked = 0;
/** Variables no request had before. */
function newVariables(): object {
  asked += 1;
  return {
    filter: {
      productionCompanyId: { gte: 1 + ((asked * 7919) % (COMPANIES - 100)) },
      movieId: { gte: 1 + Math.floor(asked / COMPANIES) },
    },
  };
}
const FIXED = { filter: { productionCompanyId: { gte: 2000 }, movieId: { gte: 1 } } };

async function measure(
  server: string,
  settings: ServerSettings,
  token: string,
  variables: () => object,
): Promise<Figures> {
  const child = fork(
    fileURLToPath(new URL('./api-servers.js', import.meta.url)),
    [server, JSON.stringify(settings)],
    // As in production for all: Apollo Server does more for developers otherwise. Only ours writes a log.
    { env: { ...process.env, NODE_ENV: 'production' }, stdio: ['ignore', 'inherit', 'ignore', 'ipc'] },
  );
  try {
    const url = await new Promise<string>((resolve, reject) => {
      child.once('message', (message) => resolve(String(message)));
      child.once('exit', () => reject(new Error(`the server ${server} did not start`)));
    });
    const query = server === 'apollo' ? APOLLO_QUERY : QUERY;
    const body = () => JSON.stringify({ query, variables: variables() });
    await load(url, token, body, WARM_UP_SECONDS);
    return await load(url, token, body, SECONDS);
  } finally {
    child.removeAllListeners('exit');
    child.kill('SIGKILL');
  }
}

async function load(url: string, token: string, body: () => string, seconds: number): Promise<Figures> {
  const times: number[] = [];
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const run = autocannon(
      {
        url,
        connections: CONNECTIONS,
        duration: seconds,
        requests: [{ method: 'POST', headers, setupRequest: (request) => ({ ...request, body: body() }) }],
      },
      (error, done) => (error ? reject(error) : resolve(done)),
    );
    run.on('response', (_client, _status, _bytes, milliseconds) => times.push(milliseconds));
  });
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  return {
    perSecond: result['2xx'] / result.duration,
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    errors: result.errors + result.non2xx + result.timeouts,
  };
}

async function fill(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`
    insert into reporting.production_company_movies_report
      (production_company_id, production_company_name, movie_id, movie_name, budget, revenue, profit, release_date,
       source_file, source_record)
    select company, 'Company ' || company, film * 3 + company % 3 + 1000, 'A film of the title ' || film, film * 100000, film * 250000.5,
      film * 150000.5, date '1950-01-01' + (film * 31 + company) % 20000, 'movies_metadata.csv', film
    from generate_series(1, ${COMPANIES}) company, generate_series(1, ${FILMS_EACH}) film;
    insert into reporting.publication
      (number, as_of_day, period, drops, mapping_version, row_counts, check_state)
    values (1, '2017-08-31', '2017-08', '[]', 1, '{}', 'passed')`);
  await client.query('vacuum analyze reporting.production_company_movies_report');
  await client.end();
}

function print(name: string, { perSecond, p50, p95, p99, errors }: Figures): void {
  const milliseconds = [p50, p95, p99].map((time) => time.toFixed(2).padStart(7)).join(' ');
  process.stdout.write(
    `${name.padEnd(44)} ${perSecond.toFixed(0).padStart(6)}/s  p50/p95/p99 ${milliseconds} ms  errors ${errors}\n`,
  );
}

const home = await mkdtemp(join(tmpdir(), 'marquee-bench-api-'));
const server = await useEmbeddedPostgres(home, 'disposable');
const issuer = await startIssuer({ port: 0, home, permission: 'embedded-default' });
try {
  await migrate(server.urls.owner, {
    passwords: server.secrets.rolePasswords,
    comments: [],
    queueDatabase: 'marquee_queue',
  });
  await fill(server.urls.owner);
  const client = issuer.clients.find(({ id }) => id === 'demo-partner')!;
  const { accessToken: token } = await fetchClientToken({
    issuerUrl: issuer.issuerUrl,
    clientId: client.id,
    clientSecret: client.secret,
    scopes: ['reports:read'],
  });
  const rows = Array.from({ length: 50 }, (_, index) => ({
    movieId: 1000 + index,
    movieName: `A film of the title ${index}`,
    productionCompanyId: 2000,
    productionCompanyName: 'Company 2000',
    budget: '1000000',
    revenue: '2500005.0',
    profit: '1500005.0',
    releaseDate: '1975-03-12',
  }));
  const settings = {
    readerUrl: server.urls.reader,
    issuerUrl: issuer.issuerUrl,
    bytes: JSON.stringify({ data: { productionCompanyMoviesReport: { nodes: rows } } }),
  };
  process.stdout.write(
    `Pages of 50 rows of ${COMPANIES * FILMS_EACH}; autocannon, ${CONNECTIONS} connections, ${SECONDS} s each after ${WARM_UP_SECONDS} s, beside server and Postgres on ${cpus().length} cores; Node ${process.version}\n`,
  );
  const run = async (name: string, title: string, variables: () => object) => {
    const figures = await measure(name, settings, token, variables);
    print(title, figures);
    return figures.perSecond;
  };
  const apollo = await run('apollo', '(a) bare Apollo Server + pg, never seen', newVariables);
  const bare = await run('bare', '(b) bare node:http + pg, never seen', newVariables);
  const ours = await run('ours', 'ours, never seen', newVariables);
  const memory = await run('memory', '(c) node:http from memory', () => FIXED);
  const repeated = await run('ours', 'ours, repeated', () => FIXED);
  const ratio = (name: string, found: number, least: number) =>
    process.stdout.write(
      `${name.padEnd(44)} ${found.toFixed(2)} x  (at least ${least}) ${found >= least ? 'reached' : 'MISSED'}\n`,
    );
  ratio('ours / (a)', ours / apollo, 2.2);
  ratio('ours / (b)', ours / bare, 0.7);
  ratio('ours repeated / (c)', repeated / memory, 0.4);
  if (ours < 2.2 * apollo || ours < 0.7 * bare || repeated < 0.4 * memory) process.exitCode = 1;
} finally {
  await issuer.close();
  await server.release();
  await rm(home, { recursive: true, force: true });
}
