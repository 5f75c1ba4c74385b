import type { Caller } from '../auth/caller.js';
import { camelCase } from './contract-names.js';
import type { ReportColumn, ReportDescription } from './report-source.js';
import { ident, type SqlText, sql } from './sql-text.js';

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

const columnsOf = new WeakMap<ReportDescription, ReadonlyMap<string, ReportColumn>>();

/** What a caller may see of a report. Every caller with the scope to query sees all of it. */
export function accessReport(report: ReportDescription, _caller: Caller): ReportAccess {
  let columns = columnsOf.get(report);
  if (!columns) {
    columns = new Map(report.columns.map((column) => [camelCase(column.name), column]));
    columnsOf.set(report, columns);
  }
  return { report, columns, relation: sql`${ident('reporting', report.name)}` };
}
