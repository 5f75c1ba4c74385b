import { stat } from 'node:fs/promises';
import type pg from 'pg';
import { inTransaction } from '../../database/transaction.js';
import { Failure, Fault } from '../../fault.js';
import { type Feed, feedNamed } from '../feed.js';
import { type FileRow, lockFileRow } from '../ledger/file-ledger.js';
import { lockPartRow, markPartLoaded } from '../ledger/part-ledger.js';
import { defaultRecordLimits, type RecordLimits } from '../record-limits.js';
import { copyBytes } from './byte-copy.js';
import { planColumns } from './column-plan.js';
import type { PartCounts } from './part-load.js';
import { copyRecords } from './record-copy.js';

/** Result of loading one part. */
export interface PartResult extends PartCounts {
  readonly fileId: number;
  readonly partNumber: number;
  /** `earlier`: the part was already loaded, nothing was done. */
  readonly outcome: 'loaded' | 'earlier';
}

/** Options of `loadPart`. */
export interface LoadOptions {
  readonly limits?: RecordLimits;
  /** Stops the work; the transaction is rolled back. */
  readonly signal?: AbortSignal;
}

/**
 * Loads one part of a file, in one transaction: its rows, its rejects and the mark that it is loaded. A second caller, after a
 * crash or at the same time, waits for the first and then finds the part loaded.
 *
 * The bytes are sent to COPY unchanged. A part is read record by record only if the scan found something that COPY refuses or
 * reads differently from Python's csv module, or if COPY refuses it.
 *
 * @throws Fault file_unknown, part_unknown, file_changed (not the bytes that were scanned); Failure content_missing
 */
export async function loadPart(
  pool: pg.Pool,
  feeds: readonly Feed[],
  fileId: number,
  partNumber: number,
  options: LoadOptions = {},
): Promise<PartResult> {
  return await inTransaction(pool, async (client) => {
    // The file before the part, in the same order as discarding a load does.
    const file = await lockFileRow(client, fileId, 'share');
    const { part, partCount } = await lockPartRow(client, fileId, partNumber);
    if (part.state === 'loaded') {
      const { loadedCount, rejectCount } = part;
      return { fileId, partNumber, outcome: 'earlier', loaded: loadedCount ?? 0, rejected: rejectCount ?? 0 };
    }
    const feed = feedNamed(feeds, file.feed);
    const load = {
      client,
      feed,
      plan: planColumns(feed, file.header, file.name),
      file,
      part,
      partCount,
      path: await checkContent(file),
      limits: options.limits ?? defaultRecordLimits,
      signal: options.signal,
    };
    const counts = (part.method === 'copy' ? await copyBytes(load) : undefined) ?? (await copyRecords(load));
    await checkContent(file);
    await markPartLoaded(client, fileId, partNumber, counts);
    return { fileId, partNumber, outcome: 'loaded', ...counts };
  });
}

/** The path of the file's uncompressed bytes, if they are still those that were scanned. */
async function checkContent(file: FileRow): Promise<string> {
  const path = file.content_path ?? '';
  const found = await stat(path).catch((error: unknown) => {
    throw new Failure(
      'content_missing',
      `${path}, the content of ${file.name}, is missing. Ingest the file again to continue its load.`,
      { cause: error },
    );
  });
  if (found.size !== file.size_bytes || found.mtime.getTime() !== file.content_date?.getTime()) {
    throw new Fault(
      'file_changed',
      `${file.name} changed while it was being loaded. Deliver it again when it is complete.`,
    );
  }
  return path;
}
