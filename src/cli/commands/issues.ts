import type { Pool } from 'pg';
import { Fault } from '../../fault.js';
import { countIssues, listIssues } from '../../warehouse/clean/issue-list.js';
import { currentMapping } from '../../warehouse/mapping/mapping-ledger.js';
import { printList } from '../output/print-list.js';
import { count, excerpt } from '../output/text-format.js';
import { withEnvironment } from '../runtime/command.js';

const csvColumns = [
  'id',
  'file_id',
  'file_name',
  'period',
  'record_number',
  'table_name',
  'column_name',
  'value',
  'reason',
  'detail',
  'created_date',
] as const;

/** `marquee issues`: unusable values of loaded records, and warnings about deliveries. */
export async function issues(options: {
  table?: string;
  reason?: string;
  csv?: boolean;
  json?: boolean;
}): Promise<void> {
  const which = { table: options.table, reason: options.reason };
  await withEnvironment(async (environment) => {
    const pool = environment.pool('pipeline');
    if (options.table !== undefined) await refuseUnknown(pool, options.table);
    await printList(
      {
        none: 'No issues.',
        csvColumns,
        header: ['file', 'record', 'table', 'field', 'reason', 'value', 'detail'],
        cells: (row) => [
          row.file_id === null ? '' : String(row.file_id),
          row.record_number === null ? '' : count(row.record_number),
          row.table_name ?? '',
          row.column_name ?? '',
          row.reason,
          excerpt(row.value ?? '', 30),
          excerpt(row.detail, 100),
        ],
        readPage: (after, limit) => listIssues(pool, { ...which, after, limit }),
      },
      options,
    );
  });
}

/** Refuses an unknown table: an empty list would look as if it had no issues. */
async function refuseUnknown(pool: Pool, table: string): Promise<void> {
  const mapped = [...((await currentMapping(pool))?.tables.keys() ?? [])];
  const named = (await countIssues(pool)).map((issue) => issue.table);
  const known = [...new Set([...mapped, ...named])].filter((name) => name !== null).sort();
  if (known.includes(table)) return;
  throw new Fault(
    'table_not_mapped',
    `The mapping has no table ${table}, and no issue names it. Expected one of ${known.join(', ')}.`,
  );
}
