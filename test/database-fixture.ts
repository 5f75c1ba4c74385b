import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, inject } from 'vitest';
import { openPool } from '../src/database/pool.js';
import type { DatabaseUrls, Purpose } from '../src/database/roles.js';

/** A database of a test file's own, cloned from the migrated template, with a pool per role. */
export interface TestDatabase {
  name: string;
  urls: DatabaseUrls;
  pools: Record<Purpose, pg.Pool>;
}

/** Creates the database of a name. */
type Create = (superuser: pg.Client, name: string) => Promise<void>;

interface DatabaseOptions {
  /** Creates the database itself; by default, a clone of the migrated template. */
  create?: Create;
  /** Whether to create the database of the queues, too; by default, its URL leads nowhere. */
  queues?: boolean;
}

/** Creates a database, for tests that need more than one in a file. Drop it with `drop()`. */
export async function createDatabase({
  create = cloneTemplate,
  queues = false,
}: DatabaseOptions = {}): Promise<TestDatabase & { drop(): Promise<void> }> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  const names = queues ? [name, `${name}_queue`] : [name];
  await asSuperuser(async (client) => {
    await create(client, name);
    if (queues) await client.query(`create database ${name}_queue owner marquee_queue`);
    // Rights on a database itself are not cloned with it.
    await client.query(`revoke all on database ${names.join(', ')} from public`);
    await client.query(`grant connect on database ${name} to marquee_reader, marquee_bi`);
    await client.query(`grant connect, temporary on database ${name} to marquee_pipeline`);
  });
  const urls = Object.fromEntries(
    Object.entries(inject('urls')).map(([purpose, url]) => {
      const own = new URL(url);
      own.pathname = purpose === 'queue' ? `/${name}_queue` : `/${name}`;
      return [purpose, own.href];
    }),
  ) as DatabaseUrls;
  const pools = Object.fromEntries(
    Object.entries(urls).map(([purpose, url]) => [purpose, openPool(url, `test ${purpose}`)]),
  ) as Record<Purpose, pg.Pool>;
  return {
    name,
    urls,
    pools,
    drop: async () => {
      await Promise.all(Object.values(pools).map((pool) => pool.end()));
      await asSuperuser(async (client) => {
        for (const each of names) await client.query(`drop database ${each} with (force)`);
      });
    },
  };
}

/**
 * Gives every test of the file (or of the `describe`) one database: made before them, dropped after.
 * The object is filled in `beforeAll`; read it inside tests.
 */
export function useDatabase(options: DatabaseOptions = {}): TestDatabase {
  const fixture = {} as TestDatabase & { drop(): Promise<void> };
  beforeAll(async () => {
    Object.assign(fixture, await createDatabase(options));
  });
  afterAll(async () => {
    await fixture.drop?.();
  });
  return fixture;
}

/**
 * Clones a database. Nobody may be connected to it meanwhile; the session that migrated it may still be leaving.
 * @param template by default, the migrated one
 */
export async function cloneTemplate(client: pg.Client, name: string, template = 'marquee'): Promise<void> {
  await client.query('select pg_advisory_lock(8273)');
  for (let attempt = 1; ; attempt += 1) {
    try {
      await client.query(`create database ${name} template ${template} owner marquee_owner`);
      break;
    } catch (error) {
      const inUse = (error as { code?: string }).code === '55006';
      if (!inUse || attempt === 50) {
        throw error;
      }
      await sleep(100);
    }
  }
  await client.query('select pg_advisory_unlock(8273)');
}

/** Does work over a superuser's connection. */
export async function asSuperuser(work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: inject('superuserUrl') });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
