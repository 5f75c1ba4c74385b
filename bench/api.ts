import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';
import pg from 'pg';
import { startIssuer } from '../src/auth/issuer/issuer.js';
import { fetchClientToken } from '../src/auth/tokens/client-credentials.js';
import { useEmbeddedPostgres } from '../src/database/embedded/embedded-postgres.js';
import { migrate } from '../src/database/migrations/migrate.js';
import type { ServerSettings } from './api-servers.js';

/** Set by `--seconds N`: how long each server is measured in each round. */
const SECONDS = Number(process.argv[process.argv.indexOf('--seconds') + 1]) || 4;
const ROUNDS = 4;
const WARM_UP_SECONDS = 4;
const CONNECTIONS = 32;
const COMPANIES = 4000;
const FILMS_EACH = 25;

const QUERY = `query ($filter: ProductionCompanyMoviesReportFilter) {
  productionCompanyMoviesReport(filter: $filter, first: 50) {
    nodes { movieId movieName productionCompanyId productionCompanyName budget revenue profit releaseDate }
  }
}`;
/** The same query for the server whose input type has a different name. */
const APOLLO_QUERY = QUERY.replace('ProductionCompanyMoviesReportFilter', 'Filter');

interface Figures {
  readonly perSecond: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly errors: number;
}

let asked = 0;
/** Variables that no earlier request had. */
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

/** Starts a server in a separate process. */
async function start(server: string, settings: ServerSettings): Promise<{ url: string; stop(): void }> {
  const child = fork(
    fileURLToPath(new URL('./api-servers.js', import.meta.url)),
    [server, JSON.stringify(settings)],
    // All servers run as in production; otherwise Apollo Server does additional work. Only ours writes a log.
    { env: { ...process.env, NODE_ENV: 'production' }, stdio: ['ignore', 'inherit', 'ignore', 'ipc'] },
  );
  const url = await new Promise<string>((resolve, reject) => {
    child.once('message', (message) => resolve(String(message)));
    child.once('exit', () => reject(new Error(`the server ${server} did not start`)));
  });
  return {
    url,
    stop() {
      child.removeAllListeners('exit');
      child.kill('SIGKILL');
    },
  };
}

/** Measurements of one server with one kind of requests. */
class Measured {
  readonly #times: number[] = [];
  #answered = 0;
  #seconds = 0;
  #errors = 0;

  add(result: autocannon.Result, times: readonly number[]): void {
    for (const time of times) this.#times.push(time);
    this.#answered += result['2xx'];
    this.#seconds += result.duration;
    this.#errors += result.errors + result.non2xx + result.timeouts;
  }

  figures(): Figures {
    const times = this.#times.sort((a, b) => a - b);
    const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
    return {
      perSecond: this.#answered / this.#seconds,
      p50: at(0.5),
      p95: at(0.95),
      p99: at(0.99),
      errors: this.#errors,
    };
  }
}

async function load(
  url: string,
  token: string,
  body: () => string,
  seconds: number,
  into: Measured,
): Promise<void> {
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
  into.add(result, times);
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
    `Pages of 50 rows of ${COMPANIES * FILMS_EACH}; autocannon, ${CONNECTIONS} connections, ${ROUNDS} rounds of ${SECONDS} s each after ${WARM_UP_SECONDS} s, on the same ${cpus().length} cores as server and Postgres; Node ${process.version}\n`,
  );
  const kinds = [
    { server: 'apollo', title: '(a) bare Apollo Server + pg, never seen', variables: newVariables },
    { server: 'bare', title: '(b) bare node:http + pg, never seen', variables: newVariables },
    { server: 'ours', title: 'ours, never seen', variables: newVariables },
    { server: 'memory', title: '(c) node:http from memory', variables: () => FIXED },
    { server: 'ours', title: 'ours, repeated', variables: () => FIXED },
  ].map((kind) => ({ ...kind, measured: new Measured() }));
  const servers = new Map<string, Awaited<ReturnType<typeof start>>>();
  try {
    for (const { server } of kinds)
      if (!servers.has(server)) servers.set(server, await start(server, settings));
    const ask = ({ server, variables }: (typeof kinds)[number], seconds: number, into: Measured) => {
      const query = server === 'apollo' ? APOLLO_QUERY : QUERY;
      const body = () => JSON.stringify({ query, variables: variables() });
      return load(servers.get(server)!.url, token, body, seconds, into);
    };
    for (const kind of kinds) await ask(kind, WARM_UP_SECONDS, new Measured());
    // Alternating, so that a machine that is slow for a while affects all servers.
    for (let round = 0; round < ROUNDS; round += 1)
      for (const kind of kinds) await ask(kind, SECONDS, kind.measured);
  } finally {
    for (const { stop } of servers.values()) stop();
  }
  for (const { title, measured } of kinds) print(title, measured.figures());
  const [apollo = 0, bare = 0, ours = 0, memory = 0, repeated = 0] = kinds.map(
    ({ measured }) => measured.figures().perSecond,
  );
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
