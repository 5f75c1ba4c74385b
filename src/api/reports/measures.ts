import { ident, joined, raw, type SqlText, sql } from '../../database/sql.js';
import { type ReportAccess, visibleColumn } from '../access/visible-report.js';
import type { Grouping, Measure } from '../contract/related-reports.js';
import type { ReportColumn, ReportColumnType } from '../contract/report-description.js';
import { camelCase, snakeCase } from '../contract/schema-names.js';
import { badInput } from '../errors/api-error.js';
import type { ReadSession } from '../sql/read-session.js';
import { type FilterInput, filterCondition } from './filter.js';
import type { ReportQuery } from './page.js';

/** The measures of all rows that match the filter, and their number as `rowCount`. */
export async function readTotals(
  session: ReadSession,
  { access, where }: ReportQuery,
  measures: readonly Measure[],
): Promise<Record<string, unknown>> {
  const list = [
    sql`count(*)::int4 as "rowCount"`,
    ...measures.map((measure) => sql`${aggregate(access, measure)} as ${ident(measure.field)}`),
  ];
  const statement = sql`select ${joined(list, ', ')} from ${access.relation} where ${where}`;
  const [row] = await session.rows<Record<string, unknown>>(`${access.report.name} totals`, statement);
  return row!;
}

/**
 * The groups of a report's rows as a report, so that they can be paged, filtered and ordered like any other.
 * @param by the keys to group by
 */
export function groupedAccess(
  access: ReportAccess,
  grouping: Grouping,
  by: readonly string[],
  filter: FilterInput | null | undefined,
): ReportAccess {
  if (by.length === 0) throw badInput('by is empty. Name at least one key to group by.');
  const requested = new Set(by);
  const keys = grouping.keys.filter(({ key }) => requested.has(key));
  const columns: ReportColumn[] = [];
  const list: SqlText[] = [];
  const groupBy: SqlText[] = [];
  const key: string[] = [];
  for (const { field, column, role } of grouping.keys) {
    const name = snakeCase(field);
    const type: ReportColumnType = role === 'YEAR' ? 'int' : column.type;
    if (!keys.some((each) => each.field === field)) {
      columns.push({ name, type, nullable: true });
      list.push(sql`${null}::${raw(SQL_TYPES[type] ?? 'text')} as ${ident(name)}`);
      continue;
    }
    // The groups are the same without the name. A caller who asks for it is refused, as for any hidden column.
    if (role === 'NAME' && !access.columns.has(camelCase(column.name))) continue;
    const source = ident(visibleColumn(access, camelCase(column.name)).name);
    columns.push({ name, type, nullable: role !== 'VALUE' || column.nullable });
    if (role === 'NAME') list.push(sql`min(${source}) as ${ident(name)}`);
    else {
      const value = role === 'YEAR' ? sql`extract(year from ${source})::int4` : source;
      list.push(sql`${value} as ${ident(name)}`);
      groupBy.push(value);
      key.push(name);
    }
  }
  for (const measure of grouping.measures) {
    if (!access.columns.has(camelCase(measure.column))) continue;
    const name = snakeCase(measure.field);
    columns.push({ name, type: measureType(access, measure), nullable: measure.by !== 'COUNT_DISTINCT' });
    list.push(sql`${aggregate(access, measure)} as ${ident(name)}`);
  }
  const description = { name: `${grouping.report.name} groups`, key, columns };
  return {
    report: description,
    columns: new Map(columns.map((column) => [camelCase(column.name), column])),
    relation: sql`(select ${joined(list, ', ')} from ${access.relation} where ${filterCondition(access, filter)} group by ${joined(groupBy, ', ')}) as grouped`,
  };
}

const SQL_TYPES: Partial<Record<ReportColumnType, string>> = { int: 'int4', bigint: 'int8' };

function measureType(access: ReportAccess, { column, by }: Measure): ReportColumnType {
  const type = access.columns.get(camelCase(column))!.type;
  if (by === 'COUNT_DISTINCT') return 'int';
  if (by === 'SUM' && type === 'int') return 'bigint';
  return by === 'AVERAGE' ? 'numeric' : type;
}

function aggregate(access: ReportAccess, { column, by, decimals }: Measure): SqlText {
  const name = ident(visibleColumn(access, camelCase(column)).name);
  switch (by) {
    case 'SUM':
      return sql`sum(${name})`;
    case 'AVERAGE':
      return sql`round(avg(${name}), ${raw(String(decimals ?? 6))})`;
    case 'MIN':
      return sql`min(${name})`;
    case 'MAX':
      return sql`max(${name})`;
    case 'COUNT_DISTINCT':
      return sql`count(distinct ${name})::int4`;
  }
}
