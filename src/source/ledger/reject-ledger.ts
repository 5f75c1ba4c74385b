import type pg from 'pg';
import type { RejectedRecord } from '../csv/record-reader.js';
import type { FileRow } from './file-ledger.js';

const BATCH = 1000;

/** Keeps rejects of a file, in the transaction that loads the records around them. */
export async function insertRejects(
  client: pg.ClientBase,
  file: Pick<FileRow, 'id' | 'feed'>,
  rejects: readonly RejectedRecord[],
): Promise<void> {
  for (let from = 0; from < rejects.length; from += BATCH) {
    const batch = rejects.slice(from, from + BATCH);
    await client.query(
      `/* source: insert rejects */
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

/** What rejects are looked for. */
export interface RejectFilter {
  readonly feed?: string;
  readonly reason?: string;
  readonly fileId?: number;
  /** Only those no replay has loaded. By default all. */
  readonly open?: boolean;
  /** Rejects with a greater id only: the last id of the page before. */
  readonly after?: string;
  /** Most rejects to give, by default 1000. */
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
  readonly raw_encoding: 'text' | 'base64';
  readonly reason: string;
  readonly detail: string;
  readonly created_date: Date;
  readonly replayed_date: Date | null;
}

/** Rejects in the order they were kept, page by page. */
export async function listRejects(
  client: pg.ClientBase | pg.Pool,
  filter: RejectFilter = {},
): Promise<RejectRow[]> {
  const { rows } = await client.query<RejectRow>(
    `/* source: list rejects */
     select r.id, r.file_id, f.name as file_name, f.period, r.feed, r.record_number, r.line_number, r.raw,
       r.raw_encoding, r.reason, r.detail, r.created_date, r.replayed_date
     from source.reject r
     join source.file f on f.id = r.file_id
     where ($1::text is null or r.feed = $1)
       and ($2::text is null or r.reason = $2)
       and ($3::int is null or r.file_id = $3)
       and (not $4::boolean or r.replayed_date is null)
       and ($5::bigint is null or r.id > $5)
     order by r.id
     limit $6`,
    [
      filter.feed ?? null,
      filter.reason ?? null,
      filter.fileId ?? null,
      filter.open ?? false,
      filter.after ?? null,
      filter.limit ?? 1000,
    ],
  );
  return rows;
}

/** Notes that rejects of a file were loaded after all: they stay on record, and its counts follow. */
export async function countReplayed(
  client: pg.ClientBase,
  file: Pick<FileRow, 'id' | 'state'>,
  rejects: readonly RejectRow[],
): Promise<void> {
  await client.query(
    `/* source: count replayed rejects */
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
