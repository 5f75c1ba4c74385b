/** The kinds of values a report column holds, and by them its scalar in the contract. */
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
  /** Whether rows can be filtered by it. Where it says so, the contract must agree. */
  readonly filterable?: boolean;
  /** Whether rows can be ordered by it. Where it says so, the contract must agree. */
  readonly sortable?: boolean;
}

/**
 * What the API needs to know of a report to serve it: nothing of how it is made. The contract's names follow from
 * it: report `genre_report` is query `genreReport`, its rows `GenreReportRow`.
 */
export interface ReportDescription {
  /** Name of the report and of its table in the schema `reporting`. */
  readonly name: string;
  /** The columns that identify a row, in the order rows come in unless told. None is nullable in a report. */
  readonly key: readonly string[];
  /** Every column, in table order. */
  readonly columns: readonly ReportColumn[];
}
