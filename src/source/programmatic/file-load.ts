import type pg from 'pg';
import type { Delivery } from '../drop/drop.js';
import type { Feed } from '../feed.js';
import type { Storage } from '../storage/storage.js';
import { type FileLoadOptions, type LoadedFile, loadDeliveries } from './drop-load.js';

export type { FileLoadOptions } from './drop-load.js';

/** Loads one delivered file from start to end in this process: received, its parts side by side, finished. */
export async function loadFile(
  pool: pg.Pool,
  storage: Storage,
  feeds: readonly Feed[],
  delivery: Delivery,
  period: string,
  options: FileLoadOptions = {},
): Promise<LoadedFile> {
  const [loaded] = await loadDeliveries(pool, storage, feeds, [delivery], period, options);
  return loaded!;
}
