import type pg from 'pg';
import { Fault } from '../fault.js';

/** How long a pooler may take to give a connection, in ms, before it counts as having no more. */
const poolerWaitMs = 5000;

/**
 * The number of connections a worker may need at once: those of each concurrent job's transactions (cleaning opens three) and
 * some for the ledgers. With fewer, jobs that hold one connection and wait for another would deadlock.
 */
export function connectionsNeeded(concurrency: number): number {
  return 4 + 8 * concurrency;
}

/** The number of connections that something admits. */
interface Supply {
  readonly most: number;
  /** What admits no more, for a sentence for users. */
  readonly by: string;
}

/**
 * Checks that a worker can open the connections that its jobs need at once, since with fewer they would wait for each other without
 * an end. Limits of the pool, the role, the database and the server are compared; the size of a connection pooler is tried out.
 *
 * @throws Fault connections_too_few
 */
export async function requireConnections(pool: pg.Pool, concurrency: number): Promise<void> {
  const needed = connectionsNeeded(concurrency);
  const supply = await findSupply(pool, needed);
  if (supply.most >= needed) return;
  const possible = Math.floor((supply.most - 4) / 8);
  throw new Fault(
    'connections_too_few',
    `With WORKER_CONCURRENCY=${concurrency} the worker needs ${needed} connections to the database at once, and ${supply.by} admits ${supply.most}: its jobs would wait for each other. ` +
      `Admit at least ${needed}${possible >= 1 ? `, or set WORKER_CONCURRENCY=${possible}` : ''}.`,
  );
}

async function findSupply(pool: pg.Pool, needed: number): Promise<Supply> {
  const own = { most: pool.options.max, by: 'its own pool' };
  const client = await pool.connect();
  let limits: Limits;
  try {
    limits = (await client.query<Limits>(readLimits)).rows[0]!;
  } finally {
    client.release();
  }
  const { processID } = client as pg.PoolClient & { processID: number };
  const { role, role_limit, database, database_limit, server_limit } = limits;
  const declared = [
    own,
    { most: server_limit, by: 'the server (max_connections, without the reserved ones)' },
    ...(role_limit < 0 ? [] : [{ most: role_limit, by: `the role ${role}` }]),
    ...(database_limit < 0 ? [] : [{ most: database_limit, by: `the database ${database}` }]),
  ].reduce((least, each) => (each.most < least.most ? each : least));
  // A pooler reports numbers of connections that it invented.
  if (limits.pid === processID || declared.most < needed) return declared;
  const most = await countThroughPooler(pool, needed);
  return most < needed ? { most, by: 'the connection pooler' } : declared;
}

interface Limits {
  readonly pid: number;
  readonly role: string;
  readonly role_limit: number;
  readonly database: string;
  readonly database_limit: number;
  readonly server_limit: number;
}

const readLimits = `/* database.read_connection_limits */
  select pg_backend_pid() as pid, r.rolname as role, r.rolconnlimit as role_limit, d.datname as database,
    d.datconnlimit as database_limit,
    current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
      - coalesce(current_setting('reserved_connections', true), '0')::int as server_limit
  from pg_roles r, pg_database d
  where r.rolname = current_user and d.datname = current_database()`;

/** How many transactions can be open at once through a pooler. */
async function countThroughPooler(pool: pg.Pool, needed: number): Promise<number> {
  const opened: pg.PoolClient[] = [];
  const begins = await Promise.allSettled(
    Array.from({ length: needed }, async () => {
      const client = await pool.connect();
      opened.push(client);
      const begin: pg.QueryConfig & { query_timeout: number } = {
        text: 'begin',
        query_timeout: poolerWaitMs,
      };
      await client.query(begin);
    }),
  );
  for (const client of opened) client.release(true);
  return begins.filter(({ status }) => status === 'fulfilled').length;
}
