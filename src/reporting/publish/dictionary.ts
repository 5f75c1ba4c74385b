import type { ClientBase } from 'pg';
import { raw, runSql, sql } from '../../database/sql.js';
import { sqlFile } from '../../database/sql-file.js';
import { isLasting } from '../../warehouse/tables/catalog.js';
import type { ReportDefinition } from '../definition/definition.js';

const updateStatement = sqlFile(new URL('sql/update-dictionary.sql', import.meta.url));

/** Updates `data_dictionary` to the definitions, the tables of the warehouse and the newest mapping. */
export async function updateDictionary(
  client: ClientBase,
  definitions: readonly ReportDefinition[],
): Promise<void> {
  const columns = definitions.flatMap((definition) =>
    definition.columns.map((column, index) => ({ table: definition.name, position: index + 1, ...column })),
  );
  const update = updateStatement({
    columns: JSON.stringify(columns),
    is_lasting: raw(isLasting('relation')),
  });
  await runSql(client, sql`/* reporting.update_dictionary */ ${update}`);
}
