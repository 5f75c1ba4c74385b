import { raw, type SqlText, sql } from '../../database/sql.js';
import type { ReportColumn, ReportColumnType } from '../contract/report-description.js';

const POSTGRES_TYPES: Record<ReportColumnType, string> = {
  int: 'int4',
  bigint: 'int8',
  numeric: 'numeric',
  text: 'text',
  date: 'date',
  timestamp: 'timestamptz',
  boolean: 'bool',
  json: 'jsonb',
};

/** A value as a parameter of the column's type, so that Postgres can use an index on the column. */
export function typedValue(column: ReportColumn, value: unknown): SqlText {
  return sql`${value}::${raw(POSTGRES_TYPES[column.type])}`;
}

/** Values as one array parameter, so that the statement's text does not depend on how many there are. */
export function typedValues(column: ReportColumn, values: readonly unknown[]): SqlText {
  return sql`${values}::${raw(POSTGRES_TYPES[column.type])}[]`;
}

const VALUE_PATTERNS: Record<ReportColumnType, RegExp> = {
  int: /^-?\d{1,10}$/,
  bigint: /^-?\d{1,19}$/,
  numeric: /^-?\d{1,100}(\.\d{1,100})?$/,
  text: /^[^\0]*$/,
  date: /^\d{4,6}-(0[1-9]|1[0-2])-([0-2]\d|3[01])$/,
  timestamp: /^\d{4,6}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?[+-]\d\d(:\d\d)?$/,
  boolean: /^(true|false)$/,
  json: /^(?!)/,
};

/** Whether a value has the format in which Postgres writes the column's type. */
export function fitsColumn(column: ReportColumn, value: string | number | boolean): boolean {
  return VALUE_PATTERNS[column.type].test(String(value));
}
