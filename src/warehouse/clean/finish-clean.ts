import type { Pool } from 'pg';
import { inTransaction } from '../../database/transaction.js';
import { dropEntries } from '../extract/entry-staging.js';

/**
 * Drops what the tables shared while these files were cleaned, and reports their irregular records as issues; called when all
 * tables are done.
 */
export async function finishClean(pool: Pool, fileIds: readonly number[]): Promise<void> {
  await dropEntries(pool, fileIds);
  await inTransaction(pool, async (client) => {
    await client.query(
      '/* warehouse.lock_files */ select from source.file where id = any($1) for no key update',
      [fileIds],
    );
    await client.query(
      `/* warehouse.report_irregular_records */
       insert into support.issue (file_id, record_number, table_name, column_name, reason, detail)
       select i.file_id, i.record_number, 'src_' || f.feed, i.column_name, 'irregular_quotes',
         'Line ' || i.line_number || ': ' || i.detail
       from source.irregular_record i
       join source.file f on f.id = i.file_id
       where i.file_id = any($1)
         and not exists (
           select from support.issue known
           where known.file_id = i.file_id and known.record_number = i.record_number
             and known.reason = 'irregular_quotes')
       order by i.file_id, i.record_number`,
      [fileIds],
    );
  });
}
