import type { Queryable } from '../../database/queryable.js';
import { ident, runSql, sql } from '../../database/sql.js';
import { readMappingRows } from '../../warehouse/mapping/mapping-ledger.js';
import { columnOf, followKeys, type MappingRow } from '../../warehouse/mapping/mapping-row.js';
import { maskFields, personalColumns } from '../../warehouse/masking/pii-mask.js';

/** Identifies a record of a file. */
export interface RecordId {
  readonly file_id: number;
  readonly feed: string;
  readonly record_number: number;
}

/** A record as sent, field by field; personal data is masked. */
export type RawRecord = Readonly<Record<string, string | null>>;

/** Records as sent, by `recordId`. Records that are no longer kept are missing. */
export async function rawRecords(
  client: Queryable,
  ids: readonly RecordId[],
): Promise<ReadonlyMap<string, RawRecord>> {
  const raw = new Map<string, RawRecord>();
  if (ids.length === 0) return raw;
  const personal = await personalColumns(client);
  const files = new Map<number, { feed: string; records: Set<number> }>();
  for (const { file_id: file, feed, record_number: record } of ids) {
    const entry = files.get(file) ?? { feed, records: new Set() };
    entry.records.add(record);
    files.set(file, entry);
  }
  for (const [file, { feed, records }] of files) {
    const table = `src_${feed}`;
    const { rows } = await runSql<{ record_number: number; raw: RawRecord }>(
      client,
      sql`/* reporting.read_raw_records */
        select record_number, to_json(sent)::jsonb - '{file_id,record_number,created_date,extra}'::text[] as raw
        from ${ident('source', table)} as sent
        where file_id = ${file} and record_number = any(${[...records]})`,
    );
    for (const { record_number, raw: fields } of rows) {
      raw.set(recordId({ file_id: file, record_number }), maskFields(fields, personal.get(table)));
    }
  }
  return raw;
}

export function recordId({ file_id, record_number }: Pick<RecordId, 'file_id' | 'record_number'>): string {
  return `${file_id} ${record_number}`;
}

/** The columns of the feed that a version of the mapping reads for a warehouse table. */
export async function mappedColumns(
  client: Queryable,
  table: string,
  mappingVersion: number,
): Promise<ReadonlySet<string>> {
  const rows: MappingRow[] = followKeys(await readMappingRows(client, mappingVersion));
  return new Set(rows.filter((row) => row.end_table === table).map(columnOf));
}
