import pg from 'pg';
import type { ReportColumn, ReportDefinition } from '../definition/definition.js';

/** The table readers see. */
export function servedTable(report: string): string {
  return `reporting.${pg.escapeIdentifier(report)}`;
}

/**
 * Said of tables that are filled once, analyzed and dropped again: autovacuum would find them new, and whoever drops them
 * waits a second for it.
 */
export const untouchedByAutovacuum = 'with (autovacuum_enabled = off)';

/** The table a report is built into, which no reader sees. */
export function buildTable(report: string): string {
  return `support.${pg.escapeIdentifier(`build_${report}`)}`;
}

/** What each entity brings to each row, as last published; kept to compare with, to trace by and to build on. */
export function contributionTable(report: string): string {
  return support('contribution', report);
}

/** The contributions that were built anew. */
export function contributionBuildTable(report: string): string {
  return support('build_contribution', report);
}

/** What entities brought before, and which publication replaced it. */
export function contributionHistoryTable(report: string): string {
  return support('contribution_history', report);
}

/** Where what a build changes in the rows that are served is collected, see `collectDifferences`. */
export function differenceTable(report: string): string {
  return support('build_difference', report);
}

/** Where the contributions are collected that a build changes, see `collectContributionChanges`. */
export function contributionChangeTable(report: string): string {
  return support('build_change', report);
}

/** Where the causes of differences that have amounts are collected, see `tellAmounts`. */
export function amountCauseTable(report: string): string {
  return support('build_cause', report);
}

/** The entities that a build looked at; there is none where it looked at all. */
export function entityTable(report: string): string {
  return support('build_entity', report);
}

/** Which rows a build computed anew, by the columns that rows are computed together by. */
export function scopeTable(report: string): string {
  return support('build_scope', report);
}

/** A sum kept up to what is published. */
export function stockTable(stock: string): string {
  return support('stock', stock);
}

export function stockBuildTable(stock: string): string {
  return support('build_stock', stock);
}

function support(kind: string, name: string): string {
  return `support.${pg.escapeIdentifier(`${kind}_${name}`)}`;
}

/** The key columns by which rows are computed together; empty where all rows are. */
export function togetherColumns(definition: ReportDefinition): readonly string[] {
  return definition.contributions?.together ?? definition.key;
}

/** The condition that a row of the alias was computed anew by a build that looked at some entities only. */
export function inScope(definition: ReportDefinition, alias: string): string {
  const columns = togetherColumns(definition);
  if (columns.length === 0) return 'true';
  return `(${columnList(columns, alias)}) in (select ${columnList(columns)} from ${scopeTable(definition.name)})`;
}

/** `column`, or `alias.column`, quoted. */
export function quoted(column: string, alias?: string): string {
  const name = pg.escapeIdentifier(column);
  return alias === undefined ? name : `${alias}.${name}`;
}

/** A list of columns: `a, b` or `x.a, x.b`. */
export function columnList(columns: readonly string[], alias?: string): string {
  return columns.map((column) => quoted(column, alias)).join(', ');
}

/** The condition that two rows agree in some columns, in which no row has null. */
export function sameColumns(columns: readonly string[], left: string, right: string): string {
  return columns.map((column) => `${quoted(column, left)} = ${quoted(column, right)}`).join(' and ');
}

/** The condition that two rows have the same key. No key column is null. */
export function sameKey({ key }: ReportDefinition, left: string, right: string): string {
  return sameColumns(key, left, right);
}

/** The condition that two contributions are of the same entity to the same row. */
export function sameContribution(definition: ReportDefinition, left: string, right: string): string {
  return `${sameKey(definition, left, right)} and ${left}.entity = ${right}.entity`;
}

/** `{"key column": value}` of a row as jsonb. */
export function keyObject({ key }: ReportDefinition, alias: string): string {
  return `jsonb_build_object(${keyPairs(key, (column) => quoted(column, alias)).join(', ')})`;
}

/** Names and values for an object of key columns. */
export function keyPairs(key: readonly string[], value: (column: string) => string): string[] {
  return key.map((column) => `${pg.escapeLiteral(column)}, ${value(column)}`);
}

/** The whole row as JSON text, column by column. */
export function rowObject(definition: ReportDefinition, alias: string): string {
  const pairs = definition.columns.map(({ name }) => `${pg.escapeLiteral(name)}, ${quoted(name, alias)}`);
  return `json_build_object(${pairs.join(', ')})::text`;
}

/** The columns that do not identify the row. */
export function measures(definition: ReportDefinition): readonly ReportColumn[] {
  return definition.columns.filter((column) => !definition.key.includes(column.name));
}

/** The condition that a row has the key whose values are the first parameters, in the order of the key's columns. */
export function byKey(definition: ReportDefinition, alias: string): string {
  return definition.key.map((column, place) => `${quoted(column, alias)} = $${place + 1}`).join(' and ');
}

/** The condition that a row of the warehouse was live at a moment, an expression. */
export function wasLive(alias: string, moment: string): string {
  return `${alias}.created_date <= ${moment} and (not ${alias}.deleted or ${alias}.deleted_date > ${moment})`;
}

/** The place of a column in a report, from 1, as differences have it. */
export function placeOf(definition: ReportDefinition, column: ReportColumn): number {
  return definition.columns.indexOf(column) + 1;
}
