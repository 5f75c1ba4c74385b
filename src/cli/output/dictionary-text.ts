import type { Pool } from 'pg';
import { inTransaction } from '../../database/transaction.js';
import type { ReportDefinition } from '../../reporting/definition/definition.js';
import { updateDictionary } from '../../reporting/publish/dictionary.js';

/** One field, as `reporting.data_dictionary` describes it. */
export interface DictionaryEntry {
  readonly schema: string;
  readonly table: string;
  readonly field: string;
  readonly type: string;
  readonly unit: string | null;
  readonly meaning: string;
  /** The source fields, or for a report's field null: the report's query computes it. */
  readonly origin: string | null;
}

/** The dictionary, brought up to the newest mapping and the report definitions first. */
export async function readDictionary(
  pool: Pool,
  reports: readonly ReportDefinition[],
): Promise<DictionaryEntry[]> {
  return inTransaction(pool, async (client) => {
    await updateDictionary(client, reports);
    const { rows } = await client.query<DictionaryEntry>(
      `/* cli.read_dictionary */
       select schema_name as schema, table_name as table, column_name as field, data_type as type, unit,
              description as meaning, origin
       from reporting.data_dictionary order by schema_name desc, table_name, position`,
    );
    return rows;
  });
}

/** The dictionary as Markdown: a section per schema, a table per table. */
export function dictionaryToMarkdown(entries: readonly DictionaryEntry[]): string {
  const lines: string[] = ['# Data dictionary'];
  let schema: string | undefined;
  let table: string | undefined;
  for (const entry of entries) {
    if (entry.schema !== schema) lines.push('', `## ${entry.schema}`);
    if (entry.schema !== schema || entry.table !== table) {
      lines.push(
        '',
        `### ${entry.table}`,
        '',
        '| field | type | meaning | from |',
        '| --- | --- | --- | --- |',
      );
    }
    ({ schema, table } = entry);
    const type = entry.unit === null ? entry.type : `${entry.type} (${entry.unit})`;
    lines.push(`| ${[entry.field, type, entry.meaning, entry.origin ?? ''].map(cell).join(' | ')} |`);
  }
  return lines.join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replace(/\s+/g, ' ');
}
