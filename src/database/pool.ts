import pg from 'pg';
import { exactTypes } from './exact-types.js';

/**
 * Opens a pool of connections that appear under this name in `pg_stat_activity`.
 *
 * @param connectionString its role decides what the connections may do
 * @param name the `application_name`, for example `marquee worker`
 * @param most maximum number of connections
 * @param waitMs how long to wait for a connection before the query fails; 0 for as long as it takes
 */
export function openPool(connectionString: string, name: string, most = 10, waitMs = 0): pg.Pool {
  const pool = new pg.Pool({
    connectionString,
    application_name: name,
    max: most,
    connectionTimeoutMillis: waitMs,
    types: exactTypes(),
  });
  // An idle connection that the server closes (a restart, a failover) is replaced at the next query; without a listener the
  // event would end the process.
  pool.on('error', () => undefined);
  // The same for a connection in use: its query is rejected, which is enough.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}
