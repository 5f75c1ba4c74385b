import type pg from 'pg';
import type { Delivery } from '../drop/drop.js';
import type { Feed } from '../feed.js';
import { type FinishOptions, finishLoad, type LoadResult } from '../load/load-finisher.js';
import { type LoadOptions, loadPart } from '../load/part-loader.js';
import { type Receipt, type ReceiveOptions, receiveFile } from '../receive/receive.js';
import type { Storage } from '../storage/storage.js';
import { inLanes } from './lanes.js';

/** What may be set for loading whole files. */
export type FileLoadOptions = ReceiveOptions &
  LoadOptions &
  FinishOptions & {
    /** How many parts are loaded side by side, each over a connection of its own. By default 2. */
    readonly sideBySide?: number;
  };

/** What became of one delivered file. */
export interface LoadedFile {
  readonly receipt: Receipt;
  /** Undefined when the same bytes were loaded before. */
  readonly result: LoadResult | undefined;
}

/**
 * Loads the files of a drop in this process, files and parts side by side as the workers' queue would: what is
 * received first is loaded first, and a load is finished with its last part.
 *
 * @returns what became of each delivery, in their order
 * @throws the first error; what is under way then is ended first, and a later call goes on where this one stopped
 */
export async function loadDeliveries(
  pool: pg.Pool,
  storage: Storage,
  feeds: readonly Feed[],
  deliveries: readonly Delivery[],
  period: string,
  options: FileLoadOptions = {},
): Promise<LoadedFile[]> {
  const loaded: LoadedFile[] = [];
  await inLanes(
    options.sideBySide ?? 2,
    async (lanes) => {
      deliveries.forEach((delivery, index) => {
        lanes.add(async () => {
          const receipt = await receiveFile(pool, storage, delivery, period, options);
          loaded[index] = { receipt, result: undefined };
          if (receipt.outcome === 'known') {
            return;
          }
          let open = receipt.openParts.length;
          const finish = async () => {
            loaded[index] = {
              receipt,
              result: await finishLoad(pool, feeds, receipt.fileId, { storage, ...options }),
            };
          };
          for (const part of receipt.openParts) {
            lanes.add(async ({ signal }) => {
              await loadPart(pool, feeds, receipt.fileId, part, { ...options, signal });
              open--;
              if (open === 0) {
                await finish();
              }
            });
          }
          if (open === 0) {
            await finish();
          }
        });
      });
    },
    options.signal,
  );
  return loaded;
}
