import { allOf, ident, joined, type SqlText, sql } from '../../database/sql.js';
import type { ReportAccess } from '../access/visible-report.js';
import { badInput, limitError } from '../errors/api-error.js';
import { DEFAULT_PAGE_ROWS, MAX_PAGE_ROWS } from '../limits/page-limits.js';
import type { ReadSession } from '../sql/read-session.js';
import { afterCondition, decodeCursor, type ReportRow } from './cursor.js';
import { type FilterInput, filterCondition } from './filter.js';
import { type OrderInput, type OrderStep, orderList, orderSteps, reversed } from './order.js';

/** The arguments of a report's field. */
export interface ReportArguments {
  readonly filter?: FilterInput | null;
  readonly orderBy?: readonly OrderInput[] | null;
  readonly first?: number | null;
  readonly after?: string | null;
  readonly last?: number | null;
  readonly before?: string | null;
}

/** A checked query of one report. */
export interface ReportQuery {
  readonly access: ReportAccess;
  readonly where: SqlText;
  readonly steps: readonly OrderStep[];
  readonly size: number;
  /** Whether paging goes from the end to the start. */
  readonly backward: boolean;
  /** Conditions for rows after and before the cursors. */
  readonly after?: SqlText;
  readonly before?: SqlText;
}

/** A page of rows in the requested order. */
export interface ReportPage {
  readonly rows: readonly ReportRow[];
  /** Whether there are rows beyond the page, in the direction of paging. */
  readonly more: boolean;
}

/**
 * Checks the arguments of a query against what the caller may see.
 * @throws BAD_USER_INPUT, FORBIDDEN or LIMIT_EXCEEDED
 */
export function reportQuery(access: ReportAccess, args: ReportArguments): ReportQuery {
  const { first, last, after, before } = args;
  const backward = typeof last === 'number';
  if (backward && typeof first === 'number')
    throw badInput('first and last are both given. Use only one of them.');
  const size = (backward ? last : first) ?? DEFAULT_PAGE_ROWS;
  if (size < 0) throw badInput(`${backward ? 'last' : 'first'} is ${size}, expected 0 to ${MAX_PAGE_ROWS}.`);
  if (size > MAX_PAGE_ROWS) throw limitError('page size', MAX_PAGE_ROWS, size);
  const { report } = access;
  const steps = orderSteps(access, args.orderBy);
  const bound = (argument: string, cursor: string | null | undefined, along: readonly OrderStep[]) =>
    typeof cursor === 'string'
      ? afterCondition(along, decodeCursor(argument, report.name, steps, cursor))
      : undefined;
  return {
    access,
    where: filterCondition(access, args.filter),
    steps,
    size,
    backward,
    after: bound('after', after, steps),
    before: bound('before', before, reversed(steps)),
  };
}

/**
 * Reads a page, and one extra row to see whether there are more.
 * @param fields the fields to read, in addition to those of the order
 */
export async function readPage(
  session: ReadSession,
  query: ReportQuery,
  fields: ReadonlySet<string>,
): Promise<ReportPage> {
  const { access, where, steps, size, backward, after, before } = query;
  const wanted = new Set([...steps.map(({ field }) => field), ...fields]);
  const columns = [...access.columns].filter(([field]) => wanted.has(field));
  const list = joined(
    columns.map(([field, column]) => sql`${ident(column.name)} as ${ident(field)}`),
    ', ',
  );
  const bounds = [after, before].filter((each) => each !== undefined);
  const statement = sql`select ${list} from ${access.relation} where ${allOf([where, ...bounds])} order by ${orderList(backward ? reversed(steps) : steps)} limit ${size + 1}::int4`;
  const rows = await session.rows<Record<string, unknown>>(`${access.report.name} page`, statement);
  const page = rows.slice(0, size);
  return { rows: backward ? page.reverse() : page, more: rows.length > size };
}

/** Number of rows that match the filter, on all pages. */
export async function countRows(session: ReadSession, { access, where }: ReportQuery): Promise<number> {
  const statement = sql`select count(*)::int4 as count from ${access.relation} where ${where}`;
  const [row] = await session.rows<{ count: number }>(`${access.report.name} count`, statement);
  return row!.count;
}

/** Whether any row that matches the filter is within a bound. */
export async function anyRow(
  session: ReadSession,
  { access, where }: ReportQuery,
  bound: SqlText,
): Promise<boolean> {
  const statement = sql`select exists (select from ${access.relation} where ${allOf([where, bound])}) as any`;
  const [row] = await session.rows<{ any: boolean }>(`${access.report.name} beyond page`, statement);
  return row!.any;
}
