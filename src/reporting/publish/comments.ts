import type { ReportDefinition } from '../definition/definition.js';

/** What the database says of a report table, or of one column of it. */
export interface ReportComment {
  schema: string;
  table: string;
  /** Missing: the comment is the table's. */
  column?: string;
  comment: string;
}

/** The comments of the report tables, which BI tools show, from the reports' descriptions. */
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
