import type { Pool } from 'pg';
import { ledger } from '../../database/prisma-client.js';
import { inTransaction } from '../../database/transaction.js';
import type { ReportDefinition } from '../definition/definition.js';
import { updateDictionary } from './dictionary.js';

/** One field, as `reporting.data_dictionary` describes it. */
export interface DictionaryEntry {
  readonly schema: string;
  readonly table: string;
  readonly field: string;
  readonly type: string;
  readonly unit: string | null;
  readonly meaning: string;
  /** The source fields. Null for a field of a report, which the report's query computes. */
  readonly origin: string | null;
}

/** Updates the dictionary to the newest mapping and the report definitions, then reads it. */
export async function readDictionary(
  pool: Pool,
  reports: readonly ReportDefinition[],
): Promise<DictionaryEntry[]> {
  return inTransaction(pool, async (client) => {
    await updateDictionary(client, reports);
    const rows = await ledger(client);
    const entries = await rows.dataDictionary.findMany({
      orderBy: [{ schema_name: 'desc' }, { table_name: 'asc' }, { position: 'asc' }],
    });
    return entries.map((entry) => ({
      schema: entry.schema_name,
      table: entry.table_name,
      field: entry.column_name,
      type: entry.data_type,
      unit: entry.unit,
      meaning: entry.description,
      origin: entry.origin,
    }));
  });
}
