import { allOf, anyOf, ident, type SqlText, sql } from '../../database/sql.js';
import { typedValue, typedValues } from '../access/column-values.js';
import { type ReportAccess, visibleColumn } from '../access/visible-report.js';
import type { ReportColumn } from '../contract/report-description.js';
import { badInput } from '../errors/api-error.js';

/** A filter that matches the contract's input types: columns with operators, and `and`, `or`, `not`. */
export type FilterInput = Readonly<Record<string, unknown>>;

type Operator = (column: ReportColumn, name: SqlText, operand: unknown) => SqlText;

const OPERATORS: Readonly<Record<string, Operator>> = {
  eq: (column, name, operand) => sql`${name} = ${typedValue(column, operand)}`,
  in: (column, name, operand) => sql`${name} = any(${typedValues(column, operand as unknown[])})`,
  gte: (column, name, operand) => sql`${name} >= ${typedValue(column, operand)}`,
  lte: (column, name, operand) => sql`${name} <= ${typedValue(column, operand)}`,
  contains: (column, name, operand) => sql`${folded(name)} like '%' || ${pattern(column, operand)} || '%'`,
  startsWith: (column, name, operand) => sql`${folded(name)} like ${pattern(column, operand)} || '%'`,
  isNull: (_column, name, operand) => (operand ? sql`${name} is null` : sql`${name} is not null`),
};

/** The SQL condition of a filter. Without a filter it is true for every row. */
export function filterCondition(access: ReportAccess, filter: FilterInput | null | undefined): SqlText {
  const conditions = Object.entries(filter ?? {}).map(([name, value]): SqlText => {
    // A variable that is null means no condition on the column. A null operand is refused (see below).
    if (value === null || value === undefined) return allOf([]);
    if (name === 'and') return allOf((value as FilterInput[]).map((each) => filterCondition(access, each)));
    if (name === 'or') return anyOf((value as FilterInput[]).map((each) => filterCondition(access, each)));
    // In SQL, `not null` is null. A row without the value does not meet the condition, so it meets its negation.
    if (name === 'not') return sql`(${filterCondition(access, value as FilterInput)} is not true)`;
    const column = visibleColumn(access, name);
    return columnCondition(name, column, value as Readonly<Record<string, unknown>>);
  });
  return allOf(conditions);
}

function columnCondition(
  field: string,
  column: ReportColumn,
  operands: Readonly<Record<string, unknown>>,
): SqlText {
  return allOf(
    Object.entries(operands).map(([name, operand]) => {
      // Ignoring it would silently return more rows than requested.
      if (operand === null) throw badInput(`filter.${field}.${name} is null. Leave it out, or use isNull.`);
      refuseNul(field, operand);
      return OPERATORS[name]!(column, ident(column.name), operand);
    }),
  );
}

/** Postgres cannot represent a NUL character in text and would refuse the statement. */
function refuseNul(field: string, operand: unknown): void {
  for (const value of Array.isArray(operand) ? operand : [operand]) {
    if (typeof value === 'string' && value.includes('\0')) {
      throw badInput(`filter.${field} contains a NUL character. Remove it: no value contains one.`);
    }
  }
}

/** A text without case, accents and Unicode form. The search indexes of the reports contain the same expression. */
function folded(text: SqlText): SqlText {
  return sql`reporting.fold(${text})`;
}

/** The operand as `like` reads it literally. Escaped after folding, which turns a full-width percent sign into a wildcard. */
function pattern(column: ReportColumn, operand: unknown): SqlText {
  return sql`regexp_replace(${folded(typedValue(column, operand))}, '([\\\\%_])', '\\\\\\1', 'g')`;
}
