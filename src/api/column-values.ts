import type { ReportColumn, ReportColumnType } from './report-source.js';
import { raw, type SqlText, sql } from './sql-text.js';

const POSTGRES_TYPES: Record<ReportColumnType, string> = {
  int: 'int4',
  bigint: 'int8',
  numeric: 'numeric',
  text: 'text',
  date: 'date',
  timestamp: 'timestamptz',
  boolean: 'bool',
};

/** A value as a parameter of the column's own type, so that an index on the column serves. */
export function typedValue(column: ReportColumn, value: unknown): SqlText {
  return sql`${value}::${raw(POSTGRES_TYPES[column.type])}`;
}

/** Values as one array parameter: the statement's text stays the same for any number of them. */
export function typedValues(column: ReportColumn, values: readonly unknown[]): SqlText {
  return sql`${values}::${raw(POSTGRES_TYPES[column.type])}[]`;
}
