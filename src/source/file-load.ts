import type pg from 'pg';
import type { Delivery } from './drop.js';
import type { Feed } from './feed.js';
import { type FinishOptions, finishLoad, type LoadResult } from './load-finisher.js';
import { type LoadOptions, loadPart } from './part-loader.js';
import { type Receipt, type ReceiveOptions, receiveFile } from './receipt.js';
import type { Storage } from './storage.js';

/** What may be set for loading a whole file. */
export type FileLoadOptions = ReceiveOptions &
  LoadOptions &
  FinishOptions & {
    /** How many parts are loaded side by side, each over a connection of its own. By default 2. */
    readonly sideBySide?: number;
  };

/** Loads one delivered file from start to end in this process: received, its parts side by side, finished. */
export async function loadFile(
  pool: pg.Pool,
  storage: Storage,
  feeds: readonly Feed[],
  delivery: Delivery,
  period: string,
  options: FileLoadOptions = {},
): Promise<{ receipt: Receipt; result: LoadResult | undefined }> {
  const receipt = await receiveFile(pool, storage, delivery, period, options);
  if (receipt.outcome === 'known') {
    return { receipt, result: undefined };
  }
  const open = [...receipt.openParts];
  const loadNext = async () => {
    for (let part = open.shift(); part !== undefined; part = open.shift()) {
      await loadPart(pool, feeds, receipt.fileId, part, options);
    }
  };
  await Promise.all(Array.from({ length: options.sideBySide ?? 2 }, loadNext));
  return { receipt, result: await finishLoad(pool, feeds, receipt.fileId, options) };
}
