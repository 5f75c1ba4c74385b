import type pg from 'pg';
import { ledger } from '../../database/prisma-client.js';
import type { Queryable } from '../../database/queryable.js';
import type { RawEncoding } from '../csv/raw-text.js';
import type { RejectedRecord } from '../csv/record-reader.js';
import type { FileRow } from './file-ledger.js';

const BATCH = 1000;

/** Stores rejects of a file, in the transaction that loads the records around them. */
export async function insertRejects(
  client: pg.ClientBase,
  file: Pick<FileRow, 'id' | 'feed'>,
  rejects: readonly RejectedRecord[],
): Promise<void> {
  for (let from = 0; from < rejects.length; from += BATCH) {
    const batch = rejects.slice(from, from + BATCH);
    await client.query(
      `/* source.insert_rejects */
       insert into source.reject (file_id, feed, record_number, line_number, raw, raw_encoding, reason, detail)
       select $1, $2, r.*
       from unnest($3::int[], $4::int[], $5::text[], $6::text[], $7::text[], $8::text[]) as r`,
      [
        file.id,
        file.feed,
        batch.map((reject) => reject.number),
        batch.map((reject) => reject.line),
        batch.map((reject) => reject.raw),
        batch.map((reject) => reject.rawEncoding),
        batch.map((reject) => reject.reason),
        batch.map((reject) => reject.detail),
      ],
    );
  }
}

/** Which rejects to list. */
export interface RejectFilter {
  readonly feed?: string;
  readonly reason?: string;
  readonly fileId?: number;
  readonly fileName?: string;
  /** The month of the file, as YYYY-MM. */
  readonly period?: string;
  /** Only rejects of files that this run received. */
  readonly runId?: string;
  /** Only those that no replay has loaded. By default all. */
  readonly open?: boolean;
  /** Only rejects that follow the one with this id: the last of the previous page. */
  readonly after?: string;
  /** By default the oldest first. */
  readonly newestFirst?: boolean;
  /** Maximum number of rejects, by default 1000. */
  readonly limit?: number;
}

/** One row of `source.reject`, with the file it came in. */
export interface RejectRow {
  readonly id: string;
  readonly file_id: number;
  readonly file_name: string;
  readonly period: string;
  readonly feed: string;
  readonly record_number: number;
  readonly line_number: number;
  readonly raw: string;
  readonly raw_encoding: RawEncoding;
  readonly reason: string;
  readonly detail: string;
  readonly created_date: Date;
  readonly replayed_date: Date | null;
}

/** Rejects in the order of their ids, page by page. */
export async function listRejects(database: Queryable, filter: RejectFilter = {}): Promise<RejectRow[]> {
  const { reject } = await ledger(database);
  const { after, newestFirst = false } = filter;
  const rejects = await reject.findMany({
    where: {
      feed: filter.feed,
      reason: filter.reason,
      file_id: filter.fileId,
      replayed_date: filter.open === true ? null : undefined,
      id: after === undefined ? undefined : { [newestFirst ? 'lt' : 'gt']: BigInt(after) },
      file: { name: filter.fileName, period: filter.period, run_id: filter.runId },
    },
    include: { file: { select: { name: true, period: true } } },
    orderBy: { id: newestFirst ? 'desc' : 'asc' },
    take: filter.limit ?? 1000,
  });
  return rejects.map(({ file, id, raw_encoding, ...row }) => ({
    ...row,
    id: String(id),
    file_name: file.name,
    period: file.period,
    raw_encoding: raw_encoding as RawEncoding,
  }));
}

/** Records that rejects of a file have been loaded by a replay: they stay listed, and the file's counts follow. */
export async function countReplayed(
  client: pg.ClientBase,
  file: Pick<FileRow, 'id' | 'state'>,
  rejects: readonly RejectRow[],
): Promise<void> {
  await client.query(
    `/* source.count_replayed_rejects */
     with replayed as (
       update source.reject set replayed_date = now() where id = any($2::bigint[]) returning record_number
     ), counted as (
       select p.part_number, count(*)::int as records
       from replayed r
       join source.part p on p.file_id = $1
         and r.record_number >= p.first_record and r.record_number < p.first_record + p.record_count
       group by p.part_number
     ), parts as (
       update source.part p
       set loaded_count = p.loaded_count + c.records, reject_count = p.reject_count - c.records
       from counted c
       where p.file_id = $1 and p.part_number = c.part_number
     )
     update source.file
     set reject_count = reject_count - (select count(*) from replayed)
     where id = $1`,
    [file.id, rejects.map((reject) => reject.id)],
  );
}
