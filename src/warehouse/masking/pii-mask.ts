import { parseString } from 'fast-csv';
import type { Queryable } from '../../database/queryable.js';
import type { RawEncoding } from '../../source/csv/raw-text.js';
import { maskedText } from '../mapping/field-types.js';
import { readPersonalRows } from '../mapping/mapping-ledger.js';
import { columnOf } from '../mapping/mapping-row.js';

/**
 * The columns of each source table that hold personal data, in the column itself or in its entries, according to any version
 * of the mapping. Earlier versions count, because earlier files still have the data under the earlier column name.
 */
export async function personalColumns(db: Queryable): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const columns = new Map<string, Set<string>>();
  for (const row of await readPersonalRows(db)) {
    const own = columns.get(row.source_table) ?? new Set();
    columns.set(row.source_table, own.add(columnOf(row)));
  }
  return columns;
}

/** The fields of a record as sent, with personal data masked. */
export function maskFields(
  fields: Readonly<Record<string, string | null>>,
  personal: ReadonlySet<string> = new Set(),
): Record<string, string | null> {
  return Object.fromEntries(
    Object.entries(fields).map(([column, value]) => [
      column,
      value && personal.has(column) ? maskedText : value,
    ]),
  );
}

/**
 * A record as sent, with personal data masked. The whole record is masked when its fields cannot be separated, because it is
 * broken or its bytes are not text.
 * @param header the columns of its file, in order
 * @param personal the columns that hold personal data
 */
export async function maskRecord(
  raw: string,
  encoding: RawEncoding,
  header: readonly string[],
  personal: ReadonlySet<string>,
): Promise<string> {
  if (personal.size === 0) return raw;
  // Column names match in any case, as they do in the load.
  const masked = new Set([...personal].map((column) => column.toLowerCase()));
  const fields = encoding !== 'base64' ? await fieldsOf(raw) : null;
  if (fields === null || fields.length !== header.length) return maskedText;
  return fields
    .map((field, index) => (masked.has(header[index]!.toLowerCase()) ? maskedText : quoted(field)))
    .join(',');
}

async function fieldsOf(raw: string): Promise<string[] | null> {
  const records: string[][] = [];
  return new Promise((done) => {
    parseString(raw)
      .on('data', (record: string[]) => records.push(record))
      .on('error', () => done(null))
      .on('end', () => done(records.length === 1 ? records[0]! : null));
  });
}

function quoted(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}
