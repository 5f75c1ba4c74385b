import pg from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import { connectionsNeeded, requireConnections } from '../../src/database/connection-need.js';
import { hasPgBouncer, startPgBouncer } from '../api/sql/pgbouncer.js';
import { useDatabase } from '../database-fixture.js';

const database = useDatabase();
const pools: pg.Pool[] = [];
function poolOf(connectionString: string, max: number): pg.Pool {
  const pool = new pg.Pool({ connectionString, max });
  pool.on('error', () => undefined);
  pools.push(pool);
  return pool;
}
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.end()));
});

describe('a worker', () => {
  it('starts when all its jobs can have their connections', async () => {
    const pool = poolOf(database.urls.pipeline, connectionsNeeded(2));
    await expect(requireConnections(pool, 2)).resolves.toBeUndefined();
  });

  it('is refused when its pool is too small, with the number of jobs that it would be enough for', async () => {
    await expect(requireConnections(poolOf(database.urls.pipeline, 15), 2)).rejects.toMatchObject({
      code: 'connections_too_few',
      message:
        'With WORKER_CONCURRENCY=2 the worker needs 20 connections to the database at once, and its own pool admits 15: its jobs would wait for each other. Admit at least 20, or set WORKER_CONCURRENCY=1.',
    });
  });

  it('is refused when the database admits too few', async () => {
    const { rows } = await database.pools.owner.query<{ name: string }>(
      'select quote_ident(current_database()) as name',
    );
    await database.pools.owner.query(`alter database ${rows[0]!.name} connection limit 10`);
    try {
      const pool = poolOf(database.urls.pipeline, connectionsNeeded(1));
      await expect(requireConnections(pool, 1)).rejects.toThrow(
        /and the database \S+ admits 10: .* Admit at least 12\.$/,
      );
    } finally {
      await database.pools.owner.query(`alter database ${rows[0]!.name} connection limit -1`);
    }
  });

  it('is refused when the server has too few', async () => {
    const pool = poolOf(database.urls.pipeline, connectionsNeeded(1000));
    await expect(requireConnections(pool, 1000)).rejects.toThrow(
      /and the server \(max_connections, .*\) admits \d+:/,
    );
  });

  it.skipIf(!hasPgBouncer())(
    'is refused behind a pooler that admits too few',
    { timeout: 30_000 },
    async () => {
      const bouncer = await startPgBouncer(database.urls.pipeline, 3);
      try {
        const pool = poolOf(bouncer.url, connectionsNeeded(1));
        await expect(requireConnections(pool, 1)).rejects.toThrow(/and the connection pooler admits 3:/);
        await pool.query('select 1'); // nothing is left open
      } finally {
        await bouncer.close();
      }
    },
  );
});
