import type { Pool } from 'pg';
import { identifier } from '../../../src/database/identifier.js';

export type HistoryRow = Record<string, unknown>;

/** A table's history without surrogate ids and system times; the file is named by its period (`said_in`). */
export async function historyOf(pool: Pool, table: string): Promise<HistoryRow[]> {
  const { rows } = await pool.query<{ row: HistoryRow }>(`
    select to_jsonb(t) - array['version_id', 'file_id', 'created_date', 'deleted_date']
           - case when ${table === 'movies'} then 'id' else '' end
           || jsonb_build_object('said_in', period) as row
    from warehouse.${identifier(table)} t left join source.file on file.id = t.file_id
    order by 1::text collate "C"`);
  return rows.map(({ row }) => row).sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
}

function sortKey(row: HistoryRow): string {
  return JSON.stringify(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Takes all files and all that came from them away; the mapping stays. */
export async function emptyAll(pool: Pool): Promise<void> {
  const { rows } = await pool.query<{ name: string }>(`
    select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and not c.relispartition and n.nspname in ('warehouse', 'source')`);
  await pool.query(
    `delete from support.file_transform; delete from support.issue; delete from support.retirement`,
  );
  const partitions = await pool.query<{ name: string }>(`
    select format('%I.%I', n.nspname, c.relname) as name
    from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_inherits on inhrelid = c.oid
    where n.nspname = 'source'`);
  for (const { name } of partitions.rows) await pool.query(`drop table ${name}`);
  // The files go last: what came from them refers to them.
  const names = rows
    .map(({ name }) => name)
    .sort((a, b) => Number(a === 'source.file') - Number(b === 'source.file'));
  for (const name of names) await pool.query(`delete from ${name}`);
}
