import { ident, joined, type SqlText, sql } from '../../database/sql.js';
import type { ReportColumn, ReportDescription } from '../contract/report-description.js';
import { camelCase } from '../contract/schema-names.js';
import { apiError } from '../errors/api-error.js';
import { weakMemo } from '../weak-memo.js';
import { asOfRelation } from './as-of.js';
import type { CallerRights, ReportRights } from './caller-policy.js';

/**
 * One report as one caller can read it. Every statement on a report is built only from this, so that no filter, order,
 * total or related row can reach a hidden column or row.
 */
export interface ReportAccess {
  readonly report: ReportDescription;
  /** The readable columns, by their name in the contract. */
  readonly columns: ReadonlyMap<string, ReportColumn>;
  /** The readable rows and columns. */
  readonly relation: SqlText;
}

/**
 * The part of a report that a caller can read.
 * @param asOf Number of an earlier publication to read.
 * @throws a FORBIDDEN error when the caller cannot read the report at all.
 */
export function accessReport(report: ReportDescription, rights: CallerRights, asOf?: number): ReportAccess {
  const allowed = rights.reports?.get(report.name);
  if (rights.reports && !allowed)
    throw apiError('FORBIDDEN', `This client is not allowed to read ${report.name}.`);
  if (asOf !== undefined) return restricted(report, allowed, asOfRelation(report, asOf));
  return currentAccess(allowed ?? report, report, allowed);
}

/** Cached by the report for callers that can read all of it, and by their rights for the others. */
const currentAccess = weakMemo(
  (_of: ReportDescription | ReportRights, report: ReportDescription, allowed: ReportRights | undefined) =>
    restricted(report, allowed, ident('reporting', report.name)),
);

function restricted(
  report: ReportDescription,
  allowed: ReportRights | undefined,
  relation: SqlText,
): ReportAccess {
  if (!allowed) return { report, columns: allColumns(report), relation };
  const columns = new Map(
    [...allColumns(report)].filter(([, { name }]) => allowed.columns?.has(name) ?? true),
  );
  const list = joined(
    [...columns.values()].map(({ name }) => ident(name)),
    ', ',
  );
  // The relation does not contain hidden columns, so a mistake elsewhere cannot expose them.
  return {
    report,
    columns,
    relation: sql`(select ${list} from ${relation} where ${allowed.rows ?? sql`true`}) as visible`,
  };
}

const allColumns = weakMemo(
  (report: ReportDescription): ReadonlyMap<string, ReportColumn> =>
    new Map(report.columns.map((column) => [camelCase(column.name), column])),
);

/** @throws the same FORBIDDEN error for a hidden and for an unknown column, so that it does not reveal which exist. */
export function visibleColumn(access: ReportAccess, field: string): ReportColumn {
  const column = access.columns.get(field);
  if (!column)
    throw apiError('FORBIDDEN', `This client is not allowed to read ${field} of ${access.report.name}.`);
  return column;
}
