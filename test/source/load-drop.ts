import type pg from 'pg';
import type { Delivery } from '../../src/source/drop/drop.js';
import type { Feed } from '../../src/source/feed.js';
import { type FinishOptions, finishLoad, type LoadResult } from '../../src/source/load/load-finisher.js';
import { type LoadOptions, loadPart } from '../../src/source/load/part-loader.js';
import { type ReceivedFile, type ReceiveOptions, receiveFile } from '../../src/source/receive/receive.js';
import type { Storage } from '../../src/source/storage/storage.js';

/** Options of the production functions that load a file. */
export type FileLoadOptions = ReceiveOptions & LoadOptions & FinishOptions;

/** What became of one delivered file. */
export interface LoadedFile {
  readonly received: ReceivedFile;
  /** Undefined when the same bytes were loaded before. */
  readonly result: LoadResult | undefined;
}

const CONCURRENCY = 2;

/**
 * Loads the files of a drop with the functions that the jobs in `jobs/ingest.ts` call, in the same order: receive, load
 * each part, finish. Like a worker with a concurrency of two, it runs two of them at a time.
 *
 * @returns what became of each delivery, in their order
 * @throws the first error, after everything that was running has ended
 */
export async function loadDeliveries(
  pool: pg.Pool,
  storage: Storage,
  feeds: readonly Feed[],
  deliveries: readonly Delivery[],
  period: string,
  options: FileLoadOptions = {},
): Promise<LoadedFile[]> {
  const failed = new AbortController();
  const limited = semaphore(CONCURRENCY);
  const step = <T>(work: () => Promise<T>) =>
    limited(async () => {
      failed.signal.throwIfAborted();
      return await work().catch((error: unknown) => {
        failed.abort(error);
        throw error;
      });
    });
  const loadOne = async (delivery: Delivery): Promise<LoadedFile> => {
    const received = await step(() => receiveFile(pool, storage, delivery, period, options));
    if (received.outcome === 'known') {
      return { received, result: undefined };
    }
    const { fileId, openParts } = received;
    await allEnded(
      openParts.map((part) =>
        step(() => loadPart(pool, feeds, fileId, part, { ...options, signal: failed.signal })),
      ),
      failed.signal,
    );
    return {
      received,
      result: await step(() => finishLoad(pool, feeds, fileId, { storage, ...options })),
    };
  };
  return await allEnded(deliveries.map(loadOne), failed.signal);
}

/** Loads one delivered file. */
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

/** Like `Promise.all`, but waits for all promises also when one fails; then throws the error that came first. */
async function allEnded<T>(promises: readonly Promise<T>[], failed: AbortSignal): Promise<T[]> {
  await Promise.allSettled(promises);
  failed.throwIfAborted();
  return await Promise.all(promises);
}

/** Runs at most `width` pieces of work at a time, in the order they are given. */
function semaphore(width: number): <T>(work: () => Promise<T>) => Promise<T> {
  let free = width;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) {
      free--;
    } else {
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) {
        free++;
      } else {
        next();
      }
    }
  };
}
