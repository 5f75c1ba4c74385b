import type pg from 'pg';
import type { FileState } from './file-ledger.js';

/** Where one file stands, for people. Sizes in bytes. */
export interface FileStatus {
  readonly id: number;
  readonly name: string;
  readonly feed: string;
  readonly period: string;
  readonly state: FileState;
  readonly sizeBytes: number;
  /** Records in the file. */
  readonly recordCount: number;
  /** Of these, loaded so far. Seen by nobody before the state is `loaded`. */
  readonly loadedCount: number;
  readonly rejectCount: number;
  /** Of those loaded, which cleaning rejected: they have no usable natural key. */
  readonly unkeyedCount: number;
  readonly partCount: number;
  readonly openPartCount: number;
  readonly warnings: readonly string[];
  readonly createdDate: Date;
  readonly ingestedDate: Date | null;
}

/** All files in the ledger, the newest period and file first. */
export async function listFiles(
  pool: pg.Pool,
  filter: { feed?: string; period?: string; ids?: readonly number[] } = {},
): Promise<FileStatus[]> {
  const { rows } = await pool.query<FileStatus & { sizeBytes: string }>(
    `/* source: list files */
     select f.id, f.name, f.feed, f.period, f.state, f.size_bytes as "sizeBytes", f.warnings,
       f.created_date as "createdDate", f.ingested_date as "ingestedDate",
       sum(p.record_count)::int as "recordCount", coalesce(sum(p.loaded_count), 0)::int as "loadedCount",
       coalesce(sum(p.reject_count), 0)::int as "rejectCount", count(*)::int as "partCount",
       count(*) filter (where p.state <> 'loaded')::int as "openPartCount",
       (select count(*)::int from source.reject r where r.file_id = f.id and r.reason = 'key_not_usable') as "unkeyedCount"
     from source.file f
     join source.part p on p.file_id = f.id
     where ($1::text is null or f.feed = $1) and ($2::text is null or f.period = $2)
       and ($3::int[] is null or f.id = any($3))
     group by f.id
     order by f.period desc, f.id desc`,
    [filter.feed ?? null, filter.period ?? null, filter.ids ?? null],
  );
  return rows.map((row) => ({ ...row, sizeBytes: Number(row.sizeBytes) }));
}
