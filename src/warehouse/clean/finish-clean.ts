import type { Pool } from 'pg';
import { dropEntries } from '../extract/entry-staging.js';

/** Drops what the tables shared while these files were cleaned; called when all tables are done. */
export async function finishClean(pool: Pool, fileIds: readonly number[]): Promise<void> {
  await dropEntries(pool, fileIds);
}
