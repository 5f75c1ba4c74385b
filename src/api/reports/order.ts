import { ident, joined, raw, type SqlText, sql } from '../../database/sql.js';
import { type ReportAccess, visibleColumn } from '../access/visible-report.js';
import type { ReportColumn } from '../contract/report-description.js';
import { camelCase } from '../contract/schema-names.js';
import { badInput, limitError } from '../errors/api-error.js';
import type { NullsOrder, OrderDirection } from '../schema-enums.js';
import { weakMemo } from '../weak-memo.js';

/** One step of an order, as the contract's input types define it. */
export interface OrderInput {
  /** The column's name in upper case. */
  readonly field: string;
  readonly direction: OrderDirection;
  readonly nulls: NullsOrder;
}

/** One column of a total order. */
export interface OrderStep {
  readonly column: ReportColumn;
  /** The column's field name in fetched rows. */
  readonly field: string;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
  /** Whether the column is a text that is ordered as people do, not by bytes. */
  readonly collated: boolean;
}

/** Maximum number of columns in orderBy: more would only slow down the comparison with cursors. */
const MAX_STEPS = 8;

const keyOrder = weakMemo((access: ReportAccess) => stepsOf(access, []));

/** The requested order, made total by adding the key columns that it does not contain. */
export function orderSteps(
  access: ReportAccess,
  orderBy: readonly OrderInput[] | null | undefined,
): readonly OrderStep[] {
  return orderBy?.length ? stepsOf(access, orderBy) : keyOrder(access);
}

function stepsOf(access: ReportAccess, orderBy: readonly OrderInput[]): readonly OrderStep[] {
  if (orderBy.length > MAX_STEPS) throw limitError('order steps', MAX_STEPS, orderBy.length);
  const steps = orderBy.map(({ field, direction, nulls }): OrderStep => {
    const name = camelCase(field.toLowerCase());
    const column = visibleColumn(access, name);
    return {
      column,
      field: name,
      descending: direction === 'DESC',
      nullsFirst: nulls === 'FIRST',
      collated: column.type === 'text',
    };
  });
  const named = new Set(steps.map(({ field }) => field));
  if (named.size < steps.length) throw badInput('orderBy names a column twice. Name each column once.');
  const keySteps = access.report.key
    .map((name): OrderStep => {
      const column = access.report.columns.find((each) => each.name === name)!;
      return { column, field: camelCase(name), descending: false, nullsFirst: false, collated: false };
    })
    .filter(({ field }) => !named.has(field));
  return [...steps, ...keySteps];
}

/** The opposite order. */
export function reversed(steps: readonly OrderStep[]): OrderStep[] {
  return steps.map((step) => ({ ...step, descending: !step.descending, nullsFirst: !step.nullsFirst }));
}

/**
 * What a step orders by. The collation is deterministic: it distinguishes all texts, so that a comparison with a cursor neither
 * skips nor repeats rows.
 */
export function orderedValue({ column, collated }: OrderStep): SqlText {
  return collated ? sql`${ident(column.name)} collate pg_catalog."und-x-icu"` : ident(column.name);
}

/** The steps as an `order by` list. `nulls` is left out for columns without nulls, so that plain indexes can be used. */
export function orderList(steps: readonly OrderStep[]): SqlText {
  return joined(
    steps.map((step) => {
      const { column, descending, nullsFirst } = step;
      const nulls = column.nullable ? ` nulls ${nullsFirst ? 'first' : 'last'}` : '';
      return sql`${orderedValue(step)} ${raw(descending ? 'desc' : 'asc')}${raw(nulls)}`;
    }),
    ', ',
  );
}
