import { createHash } from 'node:crypto';

/** The columns of a row's range. A file that was exported before they existed lacks them. */
export const rangeColumns = ['min', 'max', 'allowed'] as const;

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
  ...rangeColumns,
  'description',
] as const;

/** How a warehouse table keeps history. */
export const tableTypes = ['version', 'append', 'reference'] as const;
export type TableType = (typeof tableTypes)[number];

/**
 * One row of `support.data_mapping`: which source field fills which warehouse field, and how.
 * The names are those of the table's columns, because the rows are exported as CSV under them.
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
  /** Whether a link is retired when the feed no longer lists it for its parent; the same in all rows of a table. */
  readonly retire_missing: boolean;
  /** The least and the greatest valid value, as text; null without a limit. */
  readonly min: string | null;
  readonly max: string | null;
  /** The valid values, separated by `|`; null when the field has no set. */
  readonly allowed: string | null;
  readonly description: string;
}

/**
 * SHA-256 of the rows, in hexadecimal. The order of the rows is part of it, because the ledger keeps the order. Rows without a
 * range have the hash that they had before ranges existed.
 */
export function mappingHash(rows: readonly MappingRow[]): string {
  const hash = createHash('sha256');
  const plain = mappingColumns.filter((column) => !(rangeColumns as readonly string[]).includes(column));
  for (const row of rows) {
    const hasRange = rangeColumns.some((column) => row[column] !== null);
    const columns = hasRange ? [...plain, ...rangeColumns] : plain;
    hash.update(`${JSON.stringify(columns.map((column) => row[column]))}\n`);
  }
  return hash.digest('hex');
}

/**
 * The rows as the engine reads them. A field with the name of another table's only key field, from the same source table, is
 * that key, and is read from the column that the key is read from. `movie_genres.movie_id` follows `movies.movie_id`, so that
 * a renamed column is one changed cell.
 */
export function followKeys(rows: readonly MappingRow[]): MappingRow[] {
  const keysOf = new Map<string, MappingRow[]>();
  for (const row of rows) {
    if (row.is_key) keysOf.set(row.end_table, [...(keysOf.get(row.end_table) ?? []), row]);
  }
  const singleKeys = [...keysOf.values()].flatMap((keys) => (keys.length === 1 ? keys : []));
  return rows.map((row) => {
    const key = singleKeys.find(
      (other) =>
        other.end_field === row.end_field &&
        other.source_table === row.source_table &&
        !isOfEntries(other) &&
        !isOfEntries(row),
    );
    return key === undefined ? row : { ...row, source_field: key.source_field };
  });
}

/** The column of the source table that a row reads. */
export function columnOf(row: MappingRow): string {
  return row.source_field.split('.')[0]!;
}

/** The same with its table, as `table.column`. */
export function sourceColumnOf(row: MappingRow): string {
  return `${row.source_table}.${columnOf(row)}`;
}

/** The field that a row fills, as `table.field`. */
export function targetFieldOf(row: MappingRow): string {
  return `${row.end_table}.${row.end_field}`;
}

/** Whether a row reads a field of the entries of a nested column. */
export function isOfEntries({ source_field }: MappingRow): boolean {
  return source_field.includes('.');
}
