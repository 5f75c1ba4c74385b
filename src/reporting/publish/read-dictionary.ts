import type { Pool } from 'pg';
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
    const { rows } = await client.query<DictionaryEntry>(
      `/* reporting.read_dictionary */
       select schema_name as schema, table_name as table, column_name as field, data_type as type, unit,
              description as meaning, origin
       from reporting.data_dictionary order by schema_name desc, table_name, position`,
    );
    return rows;
  });
}
