import type { PoolClient } from 'pg';
import { identifier, literal } from '../../database/identifier.js';
import { recordColumn } from '../extract/extraction.js';
import type { SourceFile } from '../extract/source-file.js';
import { ledgerOf } from '../mapping/mapping.js';
import type { TablePlan } from '../mapping/table-plan.js';

/**
 * Makes an issue of each code of a file that the standard lacks; the code itself has its row, so that nothing that
 * refers to it is lost.
 * @param said the codes the file mentions, without those of the standard
 */
export async function writeUnknownCodes(
  client: PoolClient,
  plan: TablePlan,
  file: SourceFile,
  said: string,
): Promise<number> {
  const key = plan.keys[0]!;
  const { rowCount } = await client.query(
    `/* warehouse.insert_unknown_codes */
     insert into ${ledgerOf(plan)}.issue (file_id, record_number, table_name, column_name, value, reason, detail)
     select $1, ${recordColumn}, $2, $3, ${identifier(key.field)}::text, 'code_not_in_standard',
            'The standard has no ' || ${literal(plan.table)} || ' code ' || ${identifier(key.field)}
            || '; it was kept under the vendor''s name for it.'
     from ${said} order by ${identifier(key.field)}`,
    [file.id, plan.table, key.field],
  );
  return rowCount ?? 0;
}
