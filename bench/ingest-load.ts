import pg from 'pg';
import type { EmbeddedPostgres } from '../src/database/embedded/embedded-postgres.js';
import { openPool } from '../src/database/pool.js';
import { feeds } from '../src/dataset/feeds.js';
import type { Delivery, Drop } from '../src/source/drop/drop.js';
import type { Storage } from '../src/source/storage/storage.js';
import { loadDeliveries } from '../test/source/load-drop.js';

/** The result of a load. */
export interface LoadFigures {
  readonly seconds: number;
  readonly records: number;
}

/** Loads the files of the drop one after another, in a database that is dropped afterwards. */
export async function loadAlone(
  server: EmbeddedPostgres,
  storage: Storage,
  drop: Drop,
  period: string,
): Promise<Map<string, LoadFigures>> {
  const figures = new Map<string, LoadFigures>();
  await inFreshDatabase(server, async (pool, checkpoint) => {
    for (const delivery of drop.deliveries) {
      await checkpoint();
      figures.set(delivery.feed.name, await timeLoad(pool, storage, [delivery], period));
    }
  });
  return figures;
}

/** Loads the files of the drop in parallel, as workers do. */
export async function loadTogether(
  server: EmbeddedPostgres,
  storage: Storage,
  drop: Drop,
  period: string,
): Promise<LoadFigures> {
  return await inFreshDatabase(server, async (pool, checkpoint) => {
    await checkpoint();
    return await timeLoad(pool, storage, drop.deliveries, period);
  });
}

async function timeLoad(
  pool: pg.Pool,
  storage: Storage,
  deliveries: readonly Delivery[],
  period: string,
): Promise<LoadFigures> {
  const began = process.hrtime.bigint();
  // A synthetic drop has as many broken records as the real one, which may be a larger share at small scale.
  const loaded = await loadDeliveries(pool, storage, feeds, deliveries, period, { rejectShare: 0.5 });
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  return { seconds, records: loaded.reduce((sum, { result }) => sum + (result?.read ?? 0), 0) };
}

async function inFreshDatabase<T>(
  server: EmbeddedPostgres,
  work: (pool: pg.Pool, checkpoint: () => Promise<unknown>) => Promise<T>,
): Promise<T> {
  const superuser = new pg.Client({ connectionString: server.superuserUrl });
  await superuser.connect();
  await superuser.query('create database bench template marquee');
  const url = new URL(server.urls.pipeline);
  url.pathname = '/bench';
  const pool = openPool(url.href, 'bench');
  try {
    return await work(pool, () => superuser.query('checkpoint'));
  } finally {
    await pool.end();
    await superuser.query('drop database bench with (force)');
    await superuser.end();
  }
}
