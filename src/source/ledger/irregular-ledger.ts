import type pg from 'pg';
import type { GoodRecord } from '../csv/record-reader.js';
import type { FileRow } from './file-ledger.js';

/** Lists the records with irregular quotes among those that are loaded, in the same transaction. */
export async function insertIrregular(
  client: pg.ClientBase,
  file: Pick<FileRow, 'id'>,
  good: readonly GoodRecord[],
): Promise<void> {
  const found = good.flatMap(({ number, irregular }) =>
    irregular === undefined ? [] : [{ number, ...irregular }],
  );
  if (found.length === 0) return;
  await client.query(
    `/* source.insert_irregular_records */
     insert into source.irregular_record (file_id, record_number, line_number, column_name, detail)
     select $1, r.* from unnest($2::int[], $3::int[], $4::text[], $5::text[]) as r`,
    [
      file.id,
      found.map(({ number }) => number),
      found.map(({ line }) => line),
      found.map(({ column }) => column),
      found.map(({ detail }) => detail),
    ],
  );
}
