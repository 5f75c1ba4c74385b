import { allOf, ident, joined, sql } from '../../database/sql.js';
import { accessPublications } from '../access/visible-catalog.js';
import { accessReport } from '../access/visible-report.js';
import type { ReportDescription } from '../contract/report-description.js';
import { camelCase } from '../contract/schema-names.js';
import { badInput } from '../errors/api-error.js';
import type { RequestContext } from '../operation/request-context.js';
import type { ReportRow } from '../reports/cursor.js';
import { readPage, reportQuery } from '../reports/page.js';

/** One publication; the current one if the number is null or undefined. */
export async function answerPublication(
  number: number | null | undefined,
  { session, rights }: RequestContext,
): Promise<ReportRow | undefined> {
  const access = accessPublications(rights);
  const query = reportQuery(access, {
    filter: number === null || number === undefined ? null : { number: { eq: number } },
    last: 1,
  });
  const { rows } = await readPage(session, query, new Set(access.columns.keys()));
  return rows[0];
}

/** The catalog of the reports that the caller can read. */
export async function answerReports(
  reports: readonly ReportDescription[],
  { session, rights }: RequestContext,
) {
  const rows = await session.rows<Record<string, unknown>>(
    'reports',
    sql`select report, description, grain, key_columns as "keyColumns", questions, row_count as "rowCount",
        publication, changed_date as "changedDate"
      from reporting.report_catalog order by report`,
  );
  return rows.flatMap((row) => {
    const report = reports.find(({ name }) => name === row.report);
    const allowed = !rights.reports || rights.reports.has(String(row.report));
    if (!report || !allowed) return [];
    return [
      {
        ...row,
        name: report.name,
        query: camelCase(report.name),
        keyFields: (row.keyColumns as string[]).map(camelCase),
        fields: [...accessReport(report, rights).columns.keys()],
        rowCount: rights.reports?.get(report.name)?.rows ? null : row.rowCount,
      },
    ];
  });
}

const DICTIONARY_FIELDS = [
  'schema_name',
  'table_name',
  'column_name',
  'position',
  'data_type',
  'unit',
  'description',
  'origin',
];

/** The data dictionary without the reports and columns that the caller cannot read. */
export async function answerDataDictionary(
  { schema, table }: { schema?: string | null; table?: string | null },
  reports: readonly ReportDescription[],
  { session, rights }: RequestContext,
) {
  for (const [name, value] of Object.entries({ schema, table })) {
    if (value?.includes('\0'))
      throw badInput(`${name} contains a NUL character. Remove it: no name contains one.`);
  }
  const list = DICTIONARY_FIELDS.map((name) => sql`${ident(name)} as ${ident(camelCase(name))}`);
  const conditions = [
    ...(typeof schema === 'string' ? [sql`schema_name = ${schema}`] : []),
    ...(typeof table === 'string' ? [sql`table_name = ${table}`] : []),
  ];
  const rows = await session.rows<{ schemaName: string; tableName: string; columnName: string }>(
    'data dictionary',
    sql`select ${joined(list, ', ')} from reporting.data_dictionary where ${allOf(conditions)}
      order by schema_name, table_name, position`,
  );
  return rows.filter(({ schemaName, tableName, columnName }) => {
    if (!rights.reports || schemaName !== 'reporting') return true;
    if (!reports.some(({ name }) => name === tableName)) return true;
    const allowed = rights.reports.get(tableName);
    return allowed !== undefined && (allowed.columns?.has(columnName) ?? true);
  });
}
