import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type pg from 'pg';
import { inTransaction } from '../../database/transaction.js';
import { Fault } from '../../fault.js';
import type { Delivery } from '../drop/drop.js';
import { type Feed, feedNamed } from '../feed.js';
import { type FileRow, insertParts, lockFile } from '../ledger/file-ledger.js';
import { dropRows } from '../load/load-discard.js';
import { finishLoad, type LoadResult } from '../load/load-finisher.js';
import { loadPart } from '../load/part-loader.js';
import { surveyContent } from '../receive/receive.js';
import { backupPath, openContent, type Storage } from '../storage/storage.js';
import type { FileLoadOptions } from './drop-load.js';
import { inLanes } from './lanes.js';

/**
 * Loads a file anew from its backup, without the vendor: for rows that were damaged, or records that a newer version
 * reads better. It keeps its id. Its rows are gone from when it starts to when it ends; when it is interrupted, the
 * load goes on like any other.
 *
 * @throws Fault file_unknown; backup_missing, backup_changed when there is no backup with the bytes that were loaded
 */
export async function reloadFile(
  pool: pg.Pool,
  storage: Storage,
  feeds: readonly Feed[],
  fileId: number,
  options: FileLoadOptions = {},
): Promise<LoadResult> {
  const parts = await reopenFile(pool, storage, feeds, fileId, options);
  await inLanes(
    options.sideBySide ?? 2,
    (lanes) => {
      for (const part of parts) {
        lanes.add(async ({ signal }) => {
          await loadPart(pool, feeds, fileId, part, { ...options, signal });
        });
      }
    },
    options.signal,
  );
  return await finishLoad(pool, feeds, fileId, { storage, ...options });
}

/**
 * The first step of `reloadFile`: takes the rows of a file back and cuts its backup into parts to be loaded.
 *
 * @returns the numbers of the parts
 */
export async function reopenFile(
  pool: pg.Pool,
  storage: Storage,
  feeds: readonly Feed[],
  fileId: number,
  options: FileLoadOptions = {},
): Promise<number[]> {
  const { rows } = await pool.query<FileRow>('/* source: file */ select * from source.file where id = $1', [
    fileId,
  ]);
  if (rows[0] === undefined) {
    throw new Fault(
      'file_unknown',
      `There is no file ${fileId} in the ledger; list the known ones with marquee status.`,
    );
  }
  const delivery = await backupOf(storage, feedNamed(feeds, rows[0].feed), rows[0]);
  const content = await openContent(storage, delivery);
  try {
    const { survey, modified } = await surveyContent(content.path, delivery, options);
    await inTransaction(pool, async (client) => {
      const file = await lockFile(client, fileId, 'update');
      if (survey.sha256 !== file.sha256) {
        throw new Fault(
          'backup_changed',
          `The backup of ${file.name} (${file.backup_name}) no longer holds the bytes that were loaded, so nothing was done; ask the vendor for the file again.`,
        );
      }
      await dropRows(client, delivery.feed, file);
      await client.query('/* source: delete parts */ delete from source.part where file_id = $1', [fileId]);
      await insertParts(client, fileId, survey.parts);
      await client.query(
        `/* source: reopen file */
         update source.file
         set state = 'loading', content_path = $2, content_date = $3, header = $4, warnings = $5,
           record_count = null, reject_count = null, ingested_date = null
         where id = $1`,
        [fileId, content.path, modified, survey.header, JSON.stringify(survey.warnings)],
      );
    });
    return survey.parts.map((part) => part.number);
  } catch (error) {
    await content.discard();
    throw error;
  }
}

/** The backup of a file, as if it had been delivered again. */
export async function backupOf(storage: Storage, feed: Feed, file: FileRow): Promise<Delivery> {
  const path = file.backup_name === null ? undefined : backupPath(storage, file.backup_name);
  if (path === undefined || (await stat(path).catch(() => undefined)) === undefined) {
    throw new Fault(
      'backup_missing',
      `There is no backup of ${file.name} (file ${file.id}); put its file into a drop and ingest that instead.`,
    );
  }
  const delivery = { feed, folder: storage.folder, path, name: file.name };
  if (/\.zip$/i.test(path)) {
    return { ...delivery, compression: 'zip', entry: file.name.slice(file.name.indexOf('/') + 1) };
  }
  return { ...delivery, compression: /\.gz$/i.test(basename(path)) ? 'gzip' : 'none' };
}
