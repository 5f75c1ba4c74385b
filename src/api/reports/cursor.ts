import { createHash } from 'node:crypto';
import { allOf, anyOf, ident, joined, raw, type SqlText, sql } from '../../database/sql.js';
import { fitsColumn, typedValue } from '../access/column-values.js';
import { badInput } from '../errors/api-error.js';
import { type OrderStep, orderedValue } from './order.js';

/** The values of a row in the columns of an order, which define its position. */
export type CursorValues = readonly (string | number | boolean | null)[];

/** A fetched row, by the contract's field names. */
export type ReportRow = Readonly<Record<string, unknown>>;

/** The position of a row in an order, as text that callers send back. */
export function encodeCursor(reportName: string, steps: readonly OrderStep[], row: ReportRow): string {
  return cursorOf(
    orderMark(reportName, steps),
    steps.map(({ field }) => row[field] ?? null),
  );
}

/** @param mark the `orderMark` of the order that `values` belong to */
export function cursorOf(mark: string, values: readonly unknown[]): string {
  return Buffer.from(JSON.stringify([mark, ...values])).toString('base64url');
}

/**
 * The values of a cursor. It needs no signature, since it is only a filter on columns that the caller may order by. But
 * with a cursor from another order the page would be meaningless, so it names the order it comes from.
 * @throws BAD_USER_INPUT if it comes from another order or was changed
 */
export function decodeCursor(
  argument: string,
  reportName: string,
  steps: readonly OrderStep[],
  cursor: string,
): CursorValues {
  const content = parseCursor(cursor);
  if (!content || content.length !== steps.length + 1 || content[0] !== orderMark(reportName, steps)) {
    throw badInput(
      `${argument} is not a cursor of this report and order. It must come from a query with the same orderBy.`,
    );
  }
  const values = content.slice(1);
  for (const [index, value] of values.entries()) {
    if (!fits(steps[index]!, value))
      throw badInput(`${argument} is a damaged cursor. Use a cursor from a response unchanged.`);
  }
  return values as CursorValues;
}

function parseCursor(cursor: string): unknown[] | undefined {
  try {
    const content: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return Array.isArray(content) ? content : undefined;
  } catch {
    return undefined;
  }
}

function fits({ column }: OrderStep, value: unknown): boolean {
  if (value === null) return column.nullable;
  if (typeof value === 'object') return false;
  return fitsColumn(column, value as string | number | boolean);
}

/** Identifies an order. */
export function orderMark(reportName: string, steps: readonly OrderStep[]): string {
  const order = steps.map(({ column, descending, nullsFirst, collated }) => [
    column.name,
    descending,
    nullsFirst,
    ...(collated ? ['collated'] : []),
  ]);
  return createHash('sha256')
    .update(JSON.stringify([reportName, order]))
    .digest('base64url')
    .slice(0, 8);
}

/** The condition for rows after a position in an order. */
export function afterCondition(steps: readonly OrderStep[], values: CursorValues): SqlText {
  if (steps.every(({ column, descending }) => !column.nullable && descending === steps[0]!.descending)) {
    // An index can answer a comparison of whole rows.
    const names = joined(steps.map(orderedValue), ', ');
    const bounds = joined(
      steps.map(({ column }, index) => typedValue(column, values[index])),
      ', ',
    );
    return sql`(${names}) ${raw(steps[0]!.descending ? '<' : '>')} (${bounds})`;
  }
  return anyOf(
    steps.flatMap((step, index) => {
      const past = pastValue(step, values[index]!);
      if (!past) return [];
      const same = steps.slice(0, index).map((each, at) => sameValue(each, values[at]!));
      return [allOf([...same, past])];
    }),
  );
}

function sameValue({ column }: OrderStep, value: CursorValues[number]): SqlText {
  return value === null
    ? sql`${ident(column.name)} is null`
    : sql`${ident(column.name)} = ${typedValue(column, value)}`;
}

/** The condition for values of one column after a value; undefined if no value can be. */
function pastValue(step: OrderStep, value: CursorValues[number]): SqlText | undefined {
  const name = ident(step.column.name);
  if (value === null) return step.nullsFirst ? sql`${name} is not null` : undefined;
  const beyond = sql`${orderedValue(step)} ${raw(step.descending ? '<' : '>')} ${typedValue(step.column, value)}`;
  return step.column.nullable && !step.nullsFirst ? sql`(${beyond} or ${name} is null)` : beyond;
}
