import type { Pool } from 'pg';
import { ledger } from '../../database/prisma-client.js';
import { listRejects, type RejectFilter, type RejectRow } from '../../source/ledger/reject-ledger.js';
import { maskRecord, personalColumns } from './pii-mask.js';

/**
 * Rejects as users may see them: `listRejects` with the personal data removed from the records. Only `source.reject` has the
 * complete records.
 */
export async function listMaskedRejects(pool: Pool, filter: RejectFilter = {}): Promise<RejectRow[]> {
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
  const { file } = await ledger(pool);
  const files = await file.findMany({
    select: { id: true, header: true },
    where: { id: { in: [...new Set(rows.map((row) => row.file_id))] } },
  });
  return new Map(files.map(({ id, header }) => [id, header]));
}
