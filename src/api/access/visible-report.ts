import { ident, joined, type SqlText, sql } from '../../database/sql.js';
import type { ReportColumn, ReportDescription } from '../contract/report-description.js';
import { camelCase } from '../contract/schema-names.js';
import { apiError } from '../errors/api-error.js';
import { weakMemo } from '../weak-memo.js';
import { asOfRelation } from './as-of.js';
import type { CallerRights, ReportRights } from './caller-policy.js';

/**
 * One report as one caller may see it. Every statement on a report is built from this and nothing else, so that what
 * is not in here, a column or a row, cannot be reached by any filter, order, total or walk.
 */
export interface ReportAccess {
  readonly report: ReportDescription;
  /** The columns the caller may see, by their name in the contract. */
  readonly columns: ReadonlyMap<string, ReportColumn>;
  /** The rows the caller may see. */
  readonly relation: SqlText;
}

/**
 * What a caller may see of a report.
 * @param asOf Number of an earlier publication to read it as of.
 * @throws a FORBIDDEN error when the caller may not see it at all.
 */
export function accessReport(report: ReportDescription, rights: CallerRights, asOf?: number): ReportAccess {
  const allowed = rights.reports?.get(report.name);
  if (rights.reports && !allowed) throw apiError('FORBIDDEN', `This client may not read ${report.name}.`);
  if (asOf !== undefined) return narrowed(report, allowed, asOfRelation(report, asOf));
  return currentAccess(allowed ?? report, report, allowed);
}

/** Worked out once, by the report for those who see all of it, and by their rights for the others. */
const currentAccess = weakMemo(
  (_of: ReportDescription | ReportRights, report: ReportDescription, allowed: ReportRights | undefined) =>
    narrowed(report, allowed, ident('reporting', report.name)),
);

function narrowed(
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
  // Hidden columns are not in the relation at all: a mistake elsewhere could not show them.
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

/** The column of a field, or a refusal in the same words whether it is hidden or not there. */
export function visibleColumn(access: ReportAccess, field: string): ReportColumn {
  const column = access.columns.get(field);
  if (!column) throw apiError('FORBIDDEN', `This client may not read ${field} of ${access.report.name}.`);
  return column;
}
