import type { Pool } from 'pg';

/** Whether any file was ever received. */
export async function hasFiles(pool: Pool): Promise<boolean> {
  const { rows } = await pool.query<{ found: boolean }>(
    '/* source.has_files */ select exists (select from source.file) as found',
  );
  return rows[0]!.found;
}
