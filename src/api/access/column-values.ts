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

/** A value as a parameter of the column's own type, so that an index on the column serves. */
export function typedValue(column: ReportColumn, value: unknown): SqlText {
  return sql`${value}::${raw(POSTGRES_TYPES[column.type])}`;
}

/** Values as one array parameter: the statement's text stays the same for any number of them. */
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

/** Whether a value reads as one of the column's type, the way Postgres writes it. */
export function fitsColumn(column: ReportColumn, value: string | number | boolean): boolean {
  return VALUE_PATTERNS[column.type].test(String(value));
}
