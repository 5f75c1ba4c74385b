import type pg from 'pg';
import { Fault } from '../../fault.js';
import type { Part, PartMethod } from '../csv/part.js';
import type { ScannedFile } from '../parts/scanned-file.js';

/**
 * Where a load stands. `held`: all parts are in, but too many records were rejected to let it be seen. `withdrawn`: it was
 * loaded, and taken out by hand.
 */
export type FileState = 'loading' | 'held' | 'loaded' | 'withdrawn';

/** Whether the rows of a file are in its feed's table: those of a withdrawn one stay there. */
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
  readonly size_bytes: string;
  readonly record_count: number | null;
  readonly reject_count: number | null;
  readonly state: FileState;
  readonly ingested_date: Date | null;
  readonly backup_name: string | null;
  readonly content_path: string | null;
  readonly content_date: Date | null;
  readonly header: string[];
  readonly warnings: string[];
}

/** What is written about a file before its parts are loaded. */
export interface NewFile {
  readonly name: string;
  readonly feed: string;
  readonly period: string;
  readonly scanned: ScannedFile;
  readonly backupName: string | undefined;
  readonly contentPath: string;
  readonly contentDate: Date;
  readonly runId: string | undefined;
}

/**
 * Writes a file and its parts into the ledger, in one transaction. When the same bytes are there already, whoever
 * brought them, nothing is written: the unique checksum decides between callers that come at the same time.
 *
 * @returns the new file's id, or undefined when the bytes are known
 */
export async function insertFile(client: pg.ClientBase, file: NewFile): Promise<number | undefined> {
  const { scanned } = file;
  const inserted = await client.query<{ id: number }>(
    `/* source: insert file */
     insert into source.file
       (name, feed, period, sha256, size_bytes, state, backup_name, content_path, content_date, header, warnings, run_id,
        plain_numbers)
     values ($1, $2, $3, $4, $5, 'loading', $6, $7, $8, $9, $10, $11, $12)
     on conflict (sha256) do nothing
     returning id`,
    [
      file.name,
      file.feed,
      file.period,
      scanned.sha256,
      scanned.sizeBytes,
      file.backupName ?? null,
      file.contentPath,
      file.contentDate,
      scanned.header,
      JSON.stringify(scanned.warnings),
      file.runId ?? null,
      scanned.plainNumbers,
    ],
  );
  const id = inserted.rows[0]?.id;
  if (id !== undefined) {
    await insertParts(client, id, scanned.parts);
  }
  return id;
}

/** Writes the parts of a file into the ledger, none of them loaded. */
export async function insertParts(
  client: pg.ClientBase,
  fileId: number,
  parts: readonly Part[],
): Promise<void> {
  await client.query(
    `/* source: insert parts */
     insert into source.part
       (file_id, part_number, byte_start, byte_end, first_record, first_line, record_count, method, state)
     select $1, p.number, p."byteStart", p."byteEnd", p."firstRecord", p."firstLine", p."recordCount", p.method, 'planned'
     from pg_catalog.jsonb_to_recordset($2::jsonb) as p (
       number int, "byteStart" bigint, "byteEnd" bigint, "firstRecord" int, "firstLine" int, "recordCount" int, method text
     )`,
    [fileId, JSON.stringify(parts)],
  );
}

/** The file with these bytes, if there is one. */
export async function findByChecksum(
  client: pg.ClientBase | pg.Pool,
  sha256: string,
): Promise<FileRow | undefined> {
  const { rows } = await client.query<FileRow>(
    '/* source: find by checksum */ select * from source.file where sha256 = $1',
    [sha256],
  );
  return rows[0];
}

/** The newest loaded file of the feed that counts after this one, up to a period; the order in which files count is that of cleaning. */
export async function findLaterFile(
  pool: pg.Pool,
  file: Pick<FileRow, 'id' | 'feed' | 'period'>,
  period: string,
): Promise<Pick<FileRow, 'id' | 'name' | 'period'> | undefined> {
  const { rows } = await pool.query<Pick<FileRow, 'id' | 'name' | 'period'>>(
    `/* source: find later file */
     select id, name, period from source.file
     where feed = $1 and state = 'loaded' and (period, id) > ($2, $3) and period <= $4
     order by period desc, id desc limit 1`,
    [file.feed, file.period, file.id, period],
  );
  return rows[0];
}

/**
 * The file's row, locked until the transaction ends.
 *
 * @param lock `share` while parts are loaded, which others do too; `update` to change the file's state
 * @throws Fault file_unknown
 */
export async function lockFileRow(
  client: pg.ClientBase,
  fileId: number,
  lock: 'share' | 'update',
): Promise<FileRow> {
  const { rows } = await client.query<FileRow>(
    `/* source: lock file */ select * from source.file where id = $1 for ${lock}`,
    [fileId],
  );
  const row = rows[0];
  if (row === undefined) {
    throw new Fault(
      'file_unknown',
      `There is no file ${fileId} in the ledger, or no more: an unfinished load is discarded when nothing happens to it for a day. Ingest its drop again; marquee status lists the files there are.`,
    );
  }
  return row;
}

/** Says where the uncompressed bytes of a file lie now, and its backup. */
export async function moveContent(
  pool: pg.Pool,
  fileId: number,
  content: { path: string; modified: Date; backupName: string | undefined },
): Promise<void> {
  await pool.query(
    `/* source: move content */
     update source.file set content_path = $2, content_date = $3, backup_name = $4 where id = $1`,
    [fileId, content.path, content.modified, content.backupName ?? null],
  );
}

/** Says that the uncompressed bytes of a file are kept no longer. */
export async function forgetContent(pool: pg.Pool, fileId: number): Promise<void> {
  await pool.query(
    '/* source: forget content */ update source.file set content_path = null, content_date = null where id = $1',
    [fileId],
  );
}

/** A part as the ledger has it. */
export interface PartRow extends Part {
  readonly state: 'planned' | 'loaded';
  readonly loadedCount: number | null;
  readonly rejectCount: number | null;
}

/**
 * The part's row, locked until the transaction ends: this lock is the fence that lets each part be loaded once.
 *
 * @throws Fault part_unknown
 */
export async function lockPartRow(
  client: pg.ClientBase,
  fileId: number,
  partNumber: number,
): Promise<PartRow> {
  const { rows } = await client.query<PartColumns>(
    '/* source: lock part */ select * from source.part where file_id = $1 and part_number = $2 for update',
    [fileId, partNumber],
  );
  const row = rows[0];
  if (row === undefined) {
    throw new Fault(
      'part_unknown',
      `File ${fileId} has no part ${partNumber} in the ledger; start the load again.`,
    );
  }
  return toPart(row);
}

/** The parts of a file in order. */
export async function listParts(client: pg.ClientBase | pg.Pool, fileId: number): Promise<PartRow[]> {
  const { rows } = await client.query<PartColumns>(
    '/* source: list parts */ select * from source.part where file_id = $1 order by part_number',
    [fileId],
  );
  return rows.map(toPart);
}

/** Marks a part loaded, in the transaction that loaded it. */
export async function markPartLoaded(
  client: pg.ClientBase,
  fileId: number,
  partNumber: number,
  counts: { loaded: number; rejected: number },
): Promise<void> {
  await client.query(
    `/* source: mark part loaded */
     update source.part set state = 'loaded', loaded_count = $3, reject_count = $4, loaded_date = now()
     where file_id = $1 and part_number = $2`,
    [fileId, partNumber, counts.loaded, counts.rejected],
  );
}

interface PartColumns {
  part_number: number;
  byte_start: string;
  byte_end: string;
  first_record: number;
  first_line: number;
  record_count: number;
  method: PartMethod;
  state: 'planned' | 'loaded';
  loaded_count: number | null;
  reject_count: number | null;
}

function toPart(row: PartColumns): PartRow {
  return {
    number: row.part_number,
    byteStart: Number(row.byte_start),
    byteEnd: Number(row.byte_end),
    firstRecord: row.first_record,
    firstLine: row.first_line,
    recordCount: row.record_count,
    method: row.method,
    state: row.state,
    loadedCount: row.loaded_count,
    rejectCount: row.reject_count,
  };
}
