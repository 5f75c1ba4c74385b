import { ledger } from '../../database/prisma-client.js';
import type { Queryable } from '../../database/queryable.js';

/** Whether any file was ever received. */
export async function hasFiles(database: Queryable): Promise<boolean> {
  const rows = await ledger(database);
  return (await rows.file.findFirst({ select: { id: true } })) !== null;
}
