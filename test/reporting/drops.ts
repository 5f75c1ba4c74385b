import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { feeds } from '../../src/dataset/feeds.js';
import { referenceTables } from '../../src/dataset/reference.js';
import { reports } from '../../src/dataset/reports/reports.js';
import { updateRollups } from '../../src/reporting/build/rollup.js';
import { readDrop } from '../../src/source/drop/drop.js';
import { loadReferenceData } from '../../src/warehouse/corrections/reference-data.js';
import { currentMapping } from '../../src/warehouse/mapping/mapping-ledger.js';
import { type LoadedFile, loadDeliveries } from '../source/load-drop.js';
import { clean, install, personalDataKey } from '../warehouse/cleaning.js';
import { loadRecords } from '../warehouse/source-rows.js';
import type { RandomMonth } from './random-months.js';

/** Loads and cleans the vendor's files of a month as the jobs do, however many of their records are broken. */
export async function takeDrop(pool: pg.Pool, folder: string, period: string): Promise<LoadedFile[]> {
  await prepare(pool);
  const kept = await mkdtemp(join(tmpdir(), 'marquee-drop-'));
  try {
    const drop = await readDrop(folder, feeds);
    const loaded = await loadDeliveries(pool, { folder: kept }, feeds, drop.deliveries, period, {
      rejectShare: 1,
    });
    const files = loaded.map(({ received }) => received.fileId);
    await clean(pool, files, (client, table) => updateRollups(client, reports, table));
    return loaded;
  } finally {
    await rm(kept, { recursive: true, force: true });
  }
}

/** Puts a month's records where loading puts them, and cleans them. */
export async function takeMonth(pool: pg.Pool, month: RandomMonth, period: string): Promise<void> {
  await prepare(pool);
  const files = [
    await loadRecords(pool, 'movies_metadata', period, month.movies),
    await loadRecords(pool, 'links', period, month.links),
    await loadRecords(pool, 'ratings', period, month.ratings),
  ];
  await clean(pool, files);
}

/** A record of the ratings feed. */
export function rating(userId: number, movieId: number, stars: string) {
  return { userId: String(userId), movieId: String(movieId), rating: stars, timestamp: '1000' };
}

async function prepare(pool: pg.Pool): Promise<void> {
  if ((await currentMapping(pool)) !== null) return;
  await install(pool);
  await loadReferenceData(pool, referenceTables(), personalDataKey);
}
