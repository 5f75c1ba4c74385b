/** The types of report columns. Each determines a scalar of the contract. */
export type ReportColumnType =
  | 'int'
  | 'bigint'
  | 'numeric'
  | 'text'
  | 'date'
  | 'timestamp'
  | 'boolean'
  | 'json';

export interface ReportColumn {
  /** Name in the table, snake_case. */
  readonly name: string;
  readonly type: ReportColumnType;
  readonly nullable: boolean;
  /** Whether rows can be filtered by it. If set, the contract must agree. */
  readonly filterable?: boolean;
  /** Whether rows can be ordered by it. If set, the contract must agree. */
  readonly sortable?: boolean;
}

/**
 * What the API needs to know to serve a report. How the report is built is not part of it. The contract's names are
 * derived from it: the report `genre_report` is the query `genreReport` with rows of type `GenreReportRow`.
 */
export interface ReportDescription {
  /** Name of the report and of its table in the schema `reporting`. */
  readonly name: string;
  /** The columns that identify a row. By default rows are ordered by them. Not nullable. */
  readonly key: readonly string[];
  /** Every column, in table order. */
  readonly columns: readonly ReportColumn[];
}
