import type { Pool } from 'pg';
import { listRejects, type RejectFilter, type RejectRow } from '../../source/ledger/reject-ledger.js';
import { maskRecord, personalColumns } from './pii-mask.js';

/**
 * Rejects as people may read them: `listRejects` without the personal data that the mapping marks, in the record and in
 * the sentence about it. Only `source.reject` itself has them whole.
 */
export async function listShownRejects(pool: Pool, filter: RejectFilter = {}): Promise<RejectRow[]> {
  const rows = await listRejects(pool, filter);
  const personal = await personalColumns(pool);
  if (!rows.some((row) => personal.has(`src_${row.feed}`))) return rows;
  const headers = await readHeaders(pool, rows);
  return Promise.all(
    rows.map(async (row) => {
      const columns = personal.get(`src_${row.feed}`);
      if (columns === undefined) return row;
      const header = headers.get(row.file_id) ?? [];
      const raw = await maskRecord(row.raw, row.raw_encoding, header, columns);
      return { ...row, raw, raw_encoding: 'text' as const };
    }),
  );
}

async function readHeaders(pool: Pool, rows: readonly RejectRow[]): Promise<Map<number, string[]>> {
  const { rows: files } = await pool.query<{ id: number; header: string[] }>(
    `/* warehouse.reject_headers */ select id, header from source.file where id = any($1)`,
    [[...new Set(rows.map((row) => row.file_id))]],
  );
  return new Map(files.map(({ id, header }) => [id, header]));
}
