/** The kinds of values a report column holds; the names of Postgres' types, but for `int`. */
export type ReportColumnType = 'int' | 'bigint' | 'numeric' | 'text' | 'date';

/** One column of a report, described once for the build, the catalog, the dictionary and the API. */
export interface ReportColumn {
  readonly name: string;
  readonly type: ReportColumnType;
  readonly nullable: boolean;
  /** What a value counts in: US dollars, films and so on; null for names and numbers without one. */
  readonly unit: string | null;
  /** What it means, as a phrase that ends with a full stop. */
  readonly meaning: string;
}

/** A blocking check that finds offenders stops the publication; a warning is kept with it. */
export type CheckSeverity = 'blocking' | 'warning';

/**
 * A query that returns the offenders: no rows means passed. It reads the builds (`support.build_<report>`) and
 * the warehouse; `$1`, where it uses one, is the as-of day.
 */
export interface ReportCheck {
  /** The sentence it asserts, with underscores. */
  readonly name: string;
  readonly severity: CheckSeverity;
  /** Path of its .sql file. */
  readonly sqlFile: string;
}

/** All there is to know of a report. The engine knows no other source: it never names what a report is about. */
export interface ReportDefinition {
  /** Name of the report and of its table in the schema `reporting`. */
  readonly name: string;
  /** What it shows, in a sentence. */
  readonly description: string;
  /** What one row stands for, in a sentence. */
  readonly grain: string;
  /** The columns that identify a row, in the order exports come in. */
  readonly key: readonly string[];
  /** Every column, in the order of the table. */
  readonly columns: readonly ReportColumn[];
  /** Questions it answers. */
  readonly questions: readonly string[];
  /** Columns of each index beyond the key's. */
  readonly indexes: readonly (readonly string[])[];
  /** Path of the query that computes it from the warehouse; `$1`, where it uses one, is the as-of day. */
  readonly sqlFile: string;
  readonly checks: readonly ReportCheck[];
}
