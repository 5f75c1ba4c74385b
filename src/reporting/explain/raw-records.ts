import type { Queryable } from '../../database/queryable.js';
import { readMappingRows } from '../../warehouse/mapping/mapping-ledger.js';
import { columnOf, followKeys, type MappingRow } from '../../warehouse/mapping/mapping-row.js';
import { maskFields, personalColumns } from '../../warehouse/masking/pii-mask.js';
import { quoted } from '../sql/table-names.js';

/** Where a record lies. */
export interface RecordPlace {
  readonly file_id: number;
  readonly feed: string;
  readonly record_number: number;
}

/** A record as sent, field by field; personal data masked. */
export type RawRecord = Readonly<Record<string, string | null>>;

/** The records as sent, by file and number as `placeOf` writes them; those that are no longer kept are missing. */
export async function rawRecords(
  client: Queryable,
  places: readonly RecordPlace[],
): Promise<ReadonlyMap<string, RawRecord>> {
  const raw = new Map<string, RawRecord>();
  if (places.length === 0) return raw;
  const personal = await personalColumns(client);
  const files = new Map<number, { feed: string; records: Set<number> }>();
  for (const { file_id: file, feed, record_number: record } of places) {
    const entry = files.get(file) ?? { feed, records: new Set() };
    entry.records.add(record);
    files.set(file, entry);
  }
  for (const [file, { feed, records }] of files) {
    const table = `src_${feed}`;
    const { rows } = await client.query<{ record_number: number; raw: RawRecord }>(
      `/* reporting.raw_records */
       select record_number, to_json(sent)::jsonb - '{file_id,record_number,created_date,extra}'::text[] as raw
       from source.${quoted(table)} as sent
       where file_id = $1 and record_number = any($2)`,
      [file, [...records]],
    );
    for (const { record_number, raw: fields } of rows) {
      raw.set(placeOf({ file_id: file, record_number }), maskFields(fields, personal.get(table)));
    }
  }
  return raw;
}

export function placeOf(place: Pick<RecordPlace, 'file_id' | 'record_number'>): string {
  return `${place.file_id} ${place.record_number}`;
}

/** The columns of the feed that a warehouse table is filled from, by a version of the mapping. */
export async function columnsBehind(
  client: Queryable,
  table: string,
  mappingVersion: number,
): Promise<ReadonlySet<string>> {
  const rows: MappingRow[] = followKeys(await readMappingRows(client, mappingVersion));
  return new Set(rows.filter((row) => row.end_table === table).map(columnOf));
}
