import type { Pool } from 'pg';
import { dropEntries } from '../extract/entry-staging.js';

/** Clears away what the table jobs of these files shared; called when all of them are done. */
export async function finishClean(pool: Pool, fileIds: readonly number[]): Promise<void> {
  await dropEntries(pool, fileIds);
}
