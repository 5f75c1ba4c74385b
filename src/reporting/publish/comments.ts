import type { ReportDefinition } from '../definition/definition.js';

/** The database's comment on a report table or on one of its columns. */
export interface ReportComment {
  schema: string;
  table: string;
  /** Missing for a comment on the table. */
  column?: string;
  comment: string;
}

/** The comments on the report tables, which BI tools show, from the reports' descriptions. */
export function reportComments(definitions: readonly ReportDefinition[]): ReportComment[] {
  return definitions.flatMap(({ name: table, description, grain, columns }) => [
    { schema: 'reporting', table, comment: `${description} ${grain}` },
    ...columns.map((column) => ({
      schema: 'reporting',
      table,
      column: column.name,
      comment: column.unit === null ? column.meaning : `${column.meaning} Unit: ${column.unit}.`,
    })),
  ]);
}
