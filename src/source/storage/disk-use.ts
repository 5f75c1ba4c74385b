import { stat } from 'node:fs/promises';
import type pg from 'pg';
import { backupPath, type Storage } from './storage.js';

/** The space that the drop of a month takes, in bytes. What cleaning and reports make of it is not included. */
export interface DiskUse {
  /** The month, as YYYY-MM. */
  readonly period: string;
  /** Number of files. */
  readonly files: number;
  /** Its records in schema `source`. */
  readonly sourceBytes: number;
  /** Its files as delivered, in the backup folder. A file that is linked there may take no space of its own. */
  readonly backupBytes: number;
}

/** The space that each drop takes, the newest month first. */
export async function readDiskUse(pool: pg.Pool, storage: Storage): Promise<DiskUse[]> {
  const { rows } = await pool.query<{ period: string; files: number; bytes: string; backups: string[] }>(
    `/* source.disk_use */
     with tables as (
       select f.id, sum(pg_total_relation_size(c.oid)) as bytes
       from source.file f
       join pg_class c on c.relnamespace = 'source'::regnamespace and c.relkind = 'r'
         and (c.relname = 'src_' || f.feed || '_f' || f.id or starts_with(c.relname, 'src_' || f.feed || '_f' || f.id || '_p'))
       group by f.id
     )
     select f.period, count(*)::int as files, coalesce(sum(t.bytes), 0)::text as bytes,
       coalesce(array_agg(f.backup_name) filter (where f.backup_name is not null), '{}') as backups
     from source.file f
     left join tables t on t.id = f.id
     group by f.period
     order by f.period desc`,
  );
  return await Promise.all(
    rows.map(async ({ period, files, bytes, backups }) => {
      const sizes = await Promise.all(backups.map((name) => sizeOf(backupPath(storage, name))));
      const backupBytes = sizes.reduce((sum, size) => sum + size, 0);
      return { period, files, sourceBytes: Number(bytes), backupBytes };
    }),
  );
}

/** The size of a backup; 0 when it is missing or on another host. */
async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  return found?.size ?? 0;
}
