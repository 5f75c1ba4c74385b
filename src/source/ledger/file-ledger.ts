import type pg from 'pg';
import { ledger } from '../../database/prisma-client.js';
import type { Queryable } from '../../database/queryable.js';
import { Fault } from '../../fault.js';
import type { Origin } from '../drop/origin.js';
import type { ScannedFile } from '../parts/scanned-file.js';
import { insertParts } from './part-ledger.js';

/**
 * The state of a load. `held`: all parts are loaded, but too many records were rejected to make them visible. `withdrawn`: an
 * operator excluded a loaded file.
 */
export type FileState = 'loading' | 'held' | 'loaded' | 'withdrawn';

/** Whether the rows of a file are in its feed's table. Those of a withdrawn file stay there. */
export function isFinished(state: FileState): boolean {
  return state === 'loaded' || state === 'withdrawn';
}

/** One row of `source.file`. */
export interface FileRow {
  readonly id: number;
  readonly name: string;
  readonly feed: string;
  readonly period: string;
  readonly sha256: string;
  readonly size_bytes: number;
  readonly state: FileState;
  readonly ingested_date: Date | null;
  readonly backup_name: string | null;
  readonly content_path: string | null;
  readonly content_date: Date | null;
  readonly header: string[];
  readonly warnings: string[];
}

/** What is recorded about a file before its parts are loaded. */
export interface NewFile {
  readonly name: string;
  readonly feed: string;
  readonly period: string;
  readonly scanned: ScannedFile;
  readonly backupName: string | undefined;
  readonly contentPath: string;
  readonly contentDate: Date;
  readonly runId: string | undefined;
  readonly origin: Origin;
}

/**
 * Records a file and its parts. If the same bytes are already recorded for the month and not withdrawn, under any name, nothing is
 * written: a unique index decides between callers that arrive at the same time.
 *
 * @param client a transaction, so that no file is recorded without its parts
 * @returns the new file's id, or undefined when the bytes are known
 */
export async function insertFile(client: pg.ClientBase, file: NewFile): Promise<number | undefined> {
  const { scanned } = file;
  const { file: files } = await ledger(client);
  const [inserted] = await files.createManyAndReturn({
    data: {
      name: file.name,
      feed: file.feed,
      period: file.period,
      sha256: scanned.sha256,
      size_bytes: scanned.sizeBytes,
      state: 'loading',
      backup_name: file.backupName,
      content_path: file.contentPath,
      content_date: file.contentDate,
      header: [...scanned.header],
      warnings: [...scanned.warnings],
      run_id: file.runId,
      origin: file.origin,
      plain_numbers: scanned.plainNumbers,
    },
    select: { id: true },
    skipDuplicates: true,
  });
  if (inserted !== undefined) {
    await insertParts(client, inserted.id, scanned.parts);
  }
  return inserted?.id;
}

/** The files with these bytes, whatever their month and state; the newest first. */
export async function findByChecksum(database: Queryable, sha256: string): Promise<FileRow[]> {
  const { file: files } = await ledger(database);
  return (await files.findMany({ where: { sha256 }, orderBy: { id: 'desc' } })).map(toFileRow);
}

/** The newest loaded file of the same feed and month that takes precedence over this one, because it came later. */
export async function findLaterFile(
  pool: pg.Pool,
  { id, feed, period }: Pick<FileRow, 'id' | 'feed' | 'period'>,
): Promise<Pick<FileRow, 'id' | 'name' | 'period'> | undefined> {
  const { file: files } = await ledger(pool);
  const later = await files.findFirst({
    where: { feed, state: 'loaded', period, id: { gt: id } },
    orderBy: { id: 'desc' },
    select: { id: true, name: true, period: true },
  });
  return later ?? undefined;
}

/**
 * The file's row, locked until the transaction ends.
 *
 * @param lock `share` to load parts, which others may do at the same time; `update` to change the file's state
 * @throws Fault file_unknown
 */
export async function lockFileRow(
  client: pg.ClientBase,
  fileId: number,
  lock: 'share' | 'update',
): Promise<FileRow> {
  const { rows } = await client.query<StoredFile>(
    lock === 'share'
      ? '/* source.share_file */ select * from source.file where id = $1 for share'
      : '/* source.lock_file */ select * from source.file where id = $1 for update',
    [fileId],
  );
  const row = rows[0];
  if (row === undefined) {
    throw new Fault(
      'file_unknown',
      `File ${fileId} does not exist. An unfinished load is discarded when nothing happens to it for a day. Ingest its drop again; marquee status lists the known files.`,
    );
  }
  return toFileRow(row);
}

/** Records where the uncompressed bytes of a file are now, and its backup. */
export async function moveContent(
  pool: pg.Pool,
  fileId: number,
  content: { path: string; modified: Date; backupName: string | undefined },
): Promise<void> {
  const { file: files } = await ledger(pool);
  await files.updateMany({
    where: { id: fileId },
    data: {
      content_path: content.path,
      content_date: content.modified,
      backup_name: content.backupName ?? null,
    },
  });
}

/** Records that the uncompressed bytes of a file are no longer kept. */
export async function forgetContent(pool: pg.Pool, fileId: number): Promise<void> {
  const { file: files } = await ledger(pool);
  await files.updateMany({ where: { id: fileId }, data: { content_path: null, content_date: null } });
}

/** A row as Prisma (bigint as BigInt) or `pg` (bigint as text) returns it. */
type StoredFile = Omit<FileRow, 'size_bytes' | 'state' | 'warnings'> & {
  readonly size_bytes: bigint | string;
  readonly state: string;
  readonly warnings: unknown;
};

/** A file's row with its types: sizes are below 2^53. */
export function toFileRow(row: StoredFile): FileRow {
  return {
    ...row,
    size_bytes: Number(row.size_bytes),
    state: row.state as FileState,
    warnings: row.warnings as string[],
  };
}
