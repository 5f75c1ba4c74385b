import { createHash } from 'node:crypto';

/** The columns of a mapping row, in the order of `support.data_mapping` and of the exported CSV. */
export const mappingColumns = [
  'end_schema',
  'end_table',
  'end_field',
  'end_data_type',
  'table_type',
  'source_schema',
  'source_table',
  'source_field',
  'source_data_type',
  'is_key',
  'transform',
  'retire_missing',
  'description',
] as const;

/** How a warehouse table keeps history. */
export const tableTypes = ['version', 'append', 'reference'] as const;
export type TableType = (typeof tableTypes)[number];

/**
 * One row of `support.data_mapping`: which source field fills which warehouse field, and how.
 * The names are those of the table's columns, since the rows travel as CSV under them.
 */
export interface MappingRow {
  readonly end_schema: string;
  readonly end_table: string;
  readonly end_field: string;
  readonly end_data_type: string;
  /** `version`, `append` or `reference`; the same in all rows of a table. */
  readonly table_type: string;
  readonly source_schema: string;
  readonly source_table: string;
  /** A column of the source table, or `column.field` for a field of the entries of a nested column. */
  readonly source_field: string;
  readonly source_data_type: string;
  readonly is_key: boolean;
  readonly transform: string | null;
  /** Whether a link that the feed no longer lists for its parent retires by itself; the same in all rows of a table. */
  readonly retire_missing: boolean;
  readonly description: string;
}

/** SHA-256 of the rows, in hexadecimal; the order of the rows counts, since it is kept. */
export function mappingHash(rows: readonly MappingRow[]): string {
  const hash = createHash('sha256');
  for (const row of rows) hash.update(`${JSON.stringify(mappingColumns.map((column) => row[column]))}\n`);
  return hash.digest('hex');
}

/**
 * The rows as they are read: a field that is called like another table's whole key and comes from the same source table is
 * that key, and is read from where the key is read. `movie_genres.movie_id` follows `movies.movie_id`, so that a renamed
 * column is one changed cell.
 */
export function followKeys(rows: readonly MappingRow[]): MappingRow[] {
  const keysOf = new Map<string, MappingRow[]>();
  for (const row of rows) {
    if (row.is_key) keysOf.set(row.end_table, [...(keysOf.get(row.end_table) ?? []), row]);
  }
  const wholeKeys = [...keysOf.values()].flatMap((keys) => (keys.length === 1 ? keys : []));
  return rows.map((row) => {
    const key = wholeKeys.find(
      (other) =>
        other.end_field === row.end_field &&
        other.source_table === row.source_table &&
        !other.source_field.includes('.') &&
        !row.source_field.includes('.'),
    );
    return key === undefined ? row : { ...row, source_field: key.source_field };
  });
}

/** The column of the source table that a row reads. */
export function columnOf(row: MappingRow): string {
  return row.source_field.split('.')[0]!;
}
