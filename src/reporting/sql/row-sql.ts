import { allOf, ident, joined, literal, type SqlText, sql } from '../../database/sql.js';
import type { ReportColumn, ReportDefinition } from '../definition/definition.js';
import type { ReportKey } from '../definition/report-key.js';
import { scopeTable } from './table-names.js';

/** `column`, or `alias.column`, quoted. */
export function columnOf(column: string, alias?: string): SqlText {
  return alias === undefined ? ident(column) : ident(alias, column);
}

/** A list of columns: `a, b` or `x.a, x.b`. */
export function columnList(columns: readonly string[], alias?: string): SqlText {
  return listOf(columns.map((column) => columnOf(column, alias)));
}

/** The pieces with commas between them. */
export function listOf(pieces: readonly SqlText[]): SqlText {
  return joined(pieces, ', ');
}

/** The condition that two rows have equal values in some columns, which are never null. */
export function sameColumns(columns: readonly string[], left: string, right: string): SqlText {
  return allOf(columns.map((column) => sql`${columnOf(column, left)} = ${columnOf(column, right)}`));
}

/** The condition that two rows have the same key. Key columns are never null. */
export function sameKey({ key }: ReportDefinition, left: string, right: string): SqlText {
  return sameColumns(key, left, right);
}

/** The condition that two contributions come from the same entity and go to the same row. */
export function sameContribution({ key }: ReportDefinition, left: string, right: string): SqlText {
  return sameColumns([...key, 'entity'], left, right);
}

/** The condition that a row has this key. */
export function hasKey(definition: ReportDefinition, alias: string, key: ReportKey): SqlText {
  return allOf(definition.key.map((column) => sql`${columnOf(column, alias)} = ${key[column]}`));
}

/** `{"key column": value}` of a row, as jsonb. */
export function keyObject({ key }: ReportDefinition, alias: string): SqlText {
  return sql`jsonb_build_object(${namesAndValues(key, (column) => columnOf(column, alias))})`;
}

/** The arguments of `jsonb_build_object` for some names. */
export function namesAndValues(names: readonly string[], value: (name: string) => SqlText): SqlText {
  return listOf(names.map((name) => sql`${literal(name)}, ${value(name)}`));
}

/** The whole row as JSON text, column by column. */
export function rowObject({ columns }: ReportDefinition, alias: string): SqlText {
  const names = columns.map(({ name }) => name);
  return sql`json_build_object(${namesAndValues(names, (name) => columnOf(name, alias))})::text`;
}

/** The columns that are not part of the key. */
export function measures({ columns, key }: ReportDefinition): readonly ReportColumn[] {
  return columns.filter(({ name }) => !key.includes(name));
}

/** The position of a column in its report, from 1. Position 0 stands for the whole row. */
export function columnPosition({ columns }: ReportDefinition, column: ReportColumn): number {
  return columns.indexOf(column) + 1;
}

/** Rows with equal values in these key columns are computed together. Empty: all rows are. */
export function groupColumns({ contributions, key }: ReportDefinition): readonly string[] {
  return contributions?.together ?? key;
}

/** The condition that an incremental build computed the row of this alias. */
export function inScope(definition: ReportDefinition, alias: string): SqlText {
  const columns = groupColumns(definition);
  if (columns.length === 0) return sql`true`;
  return sql`(${columnList(columns, alias)}) in (select ${columnList(columns)} from ${scopeTable(definition.name)})`;
}

/** The condition that a warehouse row was live at a moment. */
export function wasLive(alias: string, moment: SqlText): SqlText {
  const column = (name: string) => ident(alias, name);
  return sql`${column('created_date')} <= ${moment}
    and (not ${column('deleted')} or ${column('deleted_date')} > ${moment})`;
}
