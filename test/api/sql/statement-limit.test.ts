import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { preparePooling, runPrepared } from '../../../src/api/sql/pooling.js';
import { ReadSession } from '../../../src/api/sql/read-session.js';
import { sql } from '../../../src/database/sql.js';
import { useDatabase } from '../../database-fixture.js';

/** Connections without a limit, as after `alter role marquee_reader set statement_timeout = 0`, which the role may do. */
const database = useDatabase();
let pool: pg.Pool;
beforeAll(async () => {
  pool = new pg.Pool({
    connectionString: database.urls.reader,
    max: 1,
    options:
      '-c statement_timeout=0 -c idle_in_transaction_session_timeout=0 -c default_transaction_read_only=off',
  });
  await preparePooling(pool, 'none', () => undefined, 100);
});
afterAll(() => pool.end());

describe('without limits in the settings of the role', () => {
  it('a session ends a statement at its own limit, and reads only', async () => {
    expect((await pool.query('show statement_timeout')).rows).toEqual([{ statement_timeout: '0' }]);
    const session = new ReadSession(pool);
    try {
      const settings = await session.rows(
        'settings',
        sql`select current_setting('transaction_read_only') as read_only,
              current_setting('idle_in_transaction_session_timeout') as idle`,
      );
      expect(settings).toEqual([{ read_only: 'on', idle: '30s' }]);
      await expect(session.rows('sleep', sql`select pg_sleep(5)`)).rejects.toMatchObject({ code: '57014' });
    } finally {
      await session.close();
    }
  });

  it('a prepared statement has the limit of its connection, which is set once', async () => {
    const statement = { name: 'limit', text: 'show statement_timeout', rowMode: 'array' } as const;
    expect(await runPrepared(pool, statement)).toEqual([['100ms']]);
    expect(await runPrepared(pool, statement)).toEqual([['100ms']]);
  });

  it('a lower limit of the connection stays', async () => {
    const impatient = new pg.Pool({
      connectionString: database.urls.reader,
      max: 1,
      options: '-c statement_timeout=700ms',
    });
    const text = 'show statement_timeout';
    expect(await runPrepared(impatient, { name: 'lower', text, rowMode: 'array' })).toEqual([['700ms']]);
    const session = new ReadSession(impatient);
    expect(await session.rows('limit', sql`show statement_timeout`)).toEqual([
      { statement_timeout: '700ms' },
    ]);
    await session.close();
    await impatient.end();
  });
});
