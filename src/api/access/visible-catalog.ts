import { allOf, anyOf, ident, raw, type SqlText, sql } from '../../database/sql.js';
import type { ReportColumn, ReportColumnType, ReportDescription } from '../contract/report-description.js';
import { camelCase } from '../contract/schema-names.js';
import type { CallerRights, ReportRights } from './caller-policy.js';
import type { ReportAccess } from './visible-report.js';

/** The table of report changes, described like a report so that it is paged, filtered and ordered like one. */
export const reportChange = description('report_change', ['id'], {
  id: 'bigint',
  publication: 'int',
  report: 'text',
  row_key: 'json',
  change: 'text',
  column_name: 'text?',
  old_value: 'text?',
  new_value: 'text?',
  cause: 'json?',
});

/** The table of publications, described like a report. */
export const publication = description('publication', ['number'], {
  number: 'int',
  published_date: 'timestamp',
  reason: 'text',
  as_of_day: 'date',
  period: 'text',
  mapping_version: 'int',
  check_state: 'text',
  row_counts: 'json',
  changes: 'json',
  restores: 'int?',
});

/** The changes that a caller can read: those of readable rows, without the values of hidden columns. */
export function accessChanges(reports: readonly ReportDescription[], rights: CallerRights): ReportAccess {
  const table = ident('reporting', reportChange.name);
  if (!rights.reports) return access(reportChange, table);
  const visible = reports.flatMap((report) => {
    const allowed = rights.reports!.get(report.name);
    return allowed ? [changesOf(report, allowed)] : [];
  });
  const seen = sql`(select jsonb_object_agg(report, columns) from (values ${seenColumns(reports, rights)}) as seen (report, columns))`;
  // Keeps the readable columns instead of removing the hidden ones: an old row may have columns that the report no
  // longer has, and no policy names those.
  const shown = (value: string) =>
    sql`case when change = 'update' then ${ident(value)}
      else (select jsonb_object_agg(cell.key, cell.value) from jsonb_each(${ident(value)}::jsonb) as cell
        where jsonb_typeof(${seen} -> report) = 'null' or (${seen} -> report) ? cell.key)::text end as ${ident(value)}`;
  // A cause can contain films and amounts that the caller cannot read.
  return access(
    reportChange,
    sql`(select id, publication, report, row_key, change, column_name, ${shown('old_value')}, ${shown('new_value')},
      null::jsonb as cause from ${table} where ${anyOf(visible)}) as visible`,
  );
}

/** The readable columns of each report; null means all of them. */
function seenColumns(reports: readonly ReportDescription[], rights: CallerRights): SqlText {
  const rows = reports.map(({ name }) => {
    const seen = rights.reports!.get(name)?.columns;
    return sql`(${name}::text, to_jsonb(${seen ? [...seen] : null}::text[]))`;
  });
  return rows.reduce((list, row) => sql`${list}, ${row}`);
}

function changesOf(report: ReportDescription, { columns, rows, rowColumns }: ReportRights): SqlText {
  const conditions = [sql`report = ${report.name}`];
  if (columns) conditions.push(sql`(column_name is null or column_name = any(${[...columns]}::text[]))`);
  if (rows) {
    // A change records only the key of its row. If the condition uses other columns, whether the row met it is unknown,
    // so the change is hidden.
    const known = rowColumns.every((name) => report.key.includes(name));
    conditions.push(
      known
        ? sql`exists (select from jsonb_populate_record(null::${ident('reporting', report.name)}, row_key) as key_row where ${rows})`
        : raw('false'),
    );
  }
  return allOf(conditions);
}

/**
 * The publications, with row counts only for reports of which the caller can read all rows, and change counts only for
 * those it can read in full.
 */
export function accessPublications(rights: CallerRights): ReportAccess {
  const table = ident('reporting', publication.name);
  if (!rights.reports) return access(publication, table);
  const allRows = [...rights.reports].filter(([, { rows }]) => !rows);
  // Change counts include rows that changed only in hidden columns.
  const fullAccess = allRows.filter(([, { columns }]) => !columns);
  const known = (name: string, of: typeof allRows) =>
    sql`(select coalesce(jsonb_object_agg(key, value), '{}') from jsonb_each(${ident(name)}) where key = any(${of.map(([report]) => report)}::text[])) as ${ident(name)}`;
  return access(
    publication,
    sql`(select number, published_date, reason, as_of_day, period, mapping_version, check_state,
      ${known('row_counts', allRows)}, ${known('changes', fullAccess)}, restores from ${table}) as visible`,
  );
}

function access(report: ReportDescription, relation: SqlText): ReportAccess {
  const columns = new Map(report.columns.map((column) => [camelCase(column.name), column]));
  return { report, columns, relation };
}

function description(
  name: string,
  key: readonly string[],
  columns: Record<string, ReportColumnType | `${ReportColumnType}?`>,
): ReportDescription {
  return {
    name,
    key,
    columns: Object.entries(columns).map(
      ([column, type]): ReportColumn => ({
        name: column,
        type: type.replace('?', '') as ReportColumnType,
        nullable: type.endsWith('?'),
      }),
    ),
  };
}
