import type { PoolClient } from 'pg';
import { ident, raw, runSql, sql } from '../../database/sql.js';
import { recordColumn } from '../extract/extraction.js';
import type { SourceFile } from '../extract/source-file.js';
import { ledgerOf } from '../mapping/mapping.js';
import type { TablePlan } from '../mapping/table-plan.js';
import { stagedRows } from './staged-rows.js';

/**
 * Writes an issue for each staged code that the standard does not have. The codes of the standard must have been removed from
 * the staged rows. The code itself is stored, so that links to it are not lost.
 */
export async function writeUnknownCodes(
  client: PoolClient,
  plan: TablePlan,
  file: SourceFile,
): Promise<number> {
  const key = plan.keys[0]!.field;
  const { rowCount } = await runSql(
    client,
    sql`/* warehouse.insert_unknown_codes */
        insert into ${ident(ledgerOf(plan), 'issue')}
          (file_id, record_number, table_name, column_name, value, reason, detail)
        select ${file.id}::integer, ${raw(recordColumn)}, ${plan.table}, ${key}, ${ident(key)}::text, 'code_not_in_standard',
               'The standard has no ' || ${plan.table}::text || ' code ' || ${ident(key)}
               || '; it was kept under the vendor''s name for it.'
        from ${raw(stagedRows)} order by ${ident(key)}`,
  );
  return rowCount ?? 0;
}
