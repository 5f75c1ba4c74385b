/** The types of report columns: the names of Postgres' types, except `int`. */
export type ReportColumnType = 'int' | 'bigint' | 'numeric' | 'text' | 'date';

/** One column of a report, described once for the build, the catalog, the dictionary and the API. */
export interface ReportColumn {
  readonly name: string;
  readonly type: ReportColumnType;
  readonly nullable: boolean;
  /** The unit of the values, for example US dollars; null for names and plain numbers. */
  readonly unit: string | null;
  /** The meaning, as a phrase that ends with a full stop. */
  readonly meaning: string;
  /**
   * Given when a value is the sum of the column of the same name over the row's contributions; with `places` when the sum is
   * rounded.
   */
  readonly sum?: { readonly places?: number } | undefined;
  /** For tracing: the column of the contributions that a value is computed from in another way, such as a mean or a rank. */
  readonly basis?: string | undefined;
  /** For tracing: whether the value is computed from the entities that the other columns leave out. */
  readonly ofLeftOut?: boolean | undefined;
  /** For tracing: the columns of the contributions that a value is computed from, when there are several. */
  readonly parts?: readonly string[] | undefined;
  /**
   * For causes: the columns of the contributions that a value depends on, if these differ from `basis` or `parts`; not for sums.
   * Without any of the three, a value depends on all columns of the contributions.
   */
  readonly followsFrom?: readonly string[] | undefined;
  /** For causes: whether a value also depends on the other rows of its group, for example a rank; see `Contributions.together`. */
  readonly isAmongRows?: boolean | undefined;
  /**
   * Whether a value also depends on the contributions to all rows of the report, through the relation `global_aggregates`; see
   * `Contributions`.
   */
  readonly usesGlobalAggregates?: boolean | undefined;
}

/**
 * A named query that states a rule once, for all reports, checks and other relations that select from it as `{{ name }}`. It becomes a
 * common table expression of each query that uses it, directly or through another relation, and may have the parameters that all of
 * these queries have. A changed relation changes the definition of the reports that use it.
 */
export interface Relation {
  /** The name of its .sql file, in lower-case words with underscores. */
  readonly name: string;
  /** Path of its .sql file. */
  readonly sqlFile: string;
}

/** A blocking check with offenders prevents the publication; the offenders of a warning are kept with the publication. */
export type CheckSeverity = 'blocking' | 'warning';

/**
 * A query that returns the offenders: no rows means that the check passed. It reads the warehouse and, of each report,
 * `support.build_<report>`, the rows that were built; `next_<report>`, all rows after the publication; and
 * `touched_<report>`, the keys that were built again. Parameters: `as_of_day`, and `all_rows`, which is true if the check must look
 * at all rows and false if it is enough to look at the touched ones.
 */
export interface ReportCheck {
  /** The sentence it asserts, with underscores. */
  readonly name: string;
  readonly severity: CheckSeverity;
  /** Path of its .sql file. */
  readonly sqlFile: string;
}

/**
 * Totals of a warehouse table that is too large to be summed for every build; they are kept and updated when the table is cleaned.
 * The query returns, by key, what was added and removed since `counted_until` (a time; null for everything). The report's query
 * reads the rollup by its name.
 */
export interface Rollup {
  readonly name: string;
  /** The warehouse table that is summed. */
  readonly table: string;
  readonly key: readonly string[];
  /** The summed columns. */
  readonly sums: readonly string[];
  /** Path of its .sql file. */
  readonly sqlFile: string;
}

/**
 * A warehouse row, other than the entity's own, that a contribution depends on: a link of the entity, or the row at the other end of
 * the link. Used for causes and traces only. Its table numbers its rows by `version_id`.
 */
export interface ContributionSource {
  readonly table: string;
  readonly isLink: boolean;
  /** The columns of its natural key, each with the column of the contributions that has the same value. */
  readonly key: Readonly<Record<string, string>>;
  /** Columns of the report that show a column of this row, such as a name. Its key is part of the report's key. */
  readonly shows?: Readonly<Record<string, string>> | undefined;
}

/**
 * Records that are summed into contributions. An entity may have too many of them to list; each belongs to its entity through a
 * link. Used for traces and causes only.
 */
export interface SummedRecords {
  /** The warehouse table that is summed, and its column. */
  readonly table: string;
  readonly value: string;
  /** The warehouse table of the links, its column with the entity, and its natural key, which the summed table has as well. */
  readonly links: { readonly table: string; readonly entity: string; readonly key: string };
  /** The columns of the contributions that count the records and sum them. */
  readonly count: string;
  readonly sum: string;
  /** The columns of the report that are computed from them. */
  readonly columns: readonly string[];
}

/**
 * How the rows of a report are computed from entities. With contributions, the report's .sql file has two or three statements.
 * The first selects one row per contribution, that is, per entity and row of the report: the key columns and
 *
 * - `entity` integer, the entity's natural key, and `entity_name` text;
 * - `version`, the warehouse row it comes from, with its `file_id` and `record_number`;
 * - `left_out` text, why the entity does not count; null if it counts;
 * - for each summed column of the report, a column of that name with the amount it adds;
 * - any other columns that the report's values depend on.
 *
 * Its parameters are `as_of_day`, and `entities`, an integer[] of the entities to look at or null for all. The last statement selects
 * the report's rows from the relation `contribution`. If a column depends on all contributions, a statement between these two selects
 * one row of global aggregates; the last statement and traces read it as the relation `global_aggregates`.
 */
export interface Contributions {
  /** What an entity is called, in the singular. */
  readonly noun: string;
  /** The warehouse table with the versions of the entities, the column of their natural key, and the number of the version. */
  readonly entityTable: string;
  readonly entityKey: string;
  readonly entityVersion: string;
  /** Rows with equal values in these key columns are computed together; by default only rows with the same key. */
  readonly together?: readonly string[] | undefined;
  /**
   * Paths of queries that select, as `entity`, the entities whose contributions may have changed `since` a time, when the as-of day
   * was `earlier_as_of_day`; it is `as_of_day` now. They can select from each relation as it is now, `{{ name }}`, and as it was on the
   * earlier day, `{{ earlier_name }}`.
   */
  readonly touched: readonly string[];
  readonly rollups: readonly Rollup[];
  /** Links first: with a new link, the row at its other end may be new too. */
  readonly sources: readonly ContributionSource[];
  readonly summed?: SummedRecords | undefined;
  /**
   * Path of a query that selects which entities' contributions a manual correction may have changed without being one of their
   * sources: the `id` of the correction and the `entity`. It reads the relation `correction` (`id`, `table_name`, `row_key`).
   */
  readonly sideEffects?: string | undefined;
}

/** Everything about a report. The engine has no other source: its code never mentions what a report is about. */
export interface ReportDefinition {
  /** Name of the report and of its table in the schema `reporting`. */
  readonly name: string;
  /** What it shows, in a sentence. */
  readonly description: string;
  /** What one row stands for, in a sentence. */
  readonly grain: string;
  /** The columns that identify a row, in the order of exports. */
  readonly key: readonly string[];
  /** Every column, in the order of the table. */
  readonly columns: readonly ReportColumn[];
  /** Questions it answers. */
  readonly questions: readonly string[];
  /** Columns of each index besides the key's. */
  readonly indexes: readonly (readonly string[])[];
  /** Columns with many different names: each has an index for searches. */
  readonly searchedNames?: readonly string[];
  /** Path of the query that computes it from the warehouse; its parameter is `as_of_day`. See `Contributions`. */
  readonly sqlFile: string;
  /** Missing: every build is a full build, and changes have report-wide causes only. */
  readonly contributions?: Contributions | undefined;
  readonly checks: readonly ReportCheck[];
  /** What its SQL and its checks can select from. Only the relations that they use are part of the definition. */
  readonly relations?: readonly Relation[] | undefined;
}

/**
 * The columns of the contributions that a value depends on; undefined if it depends on all of them, or is a sum, whose causes have
 * amounts instead.
 */
export function inputColumns({
  sum,
  basis,
  parts,
  followsFrom,
}: ReportColumn): readonly string[] | undefined {
  if (sum !== undefined) return undefined;
  return followsFrom ?? parts ?? (basis === undefined ? undefined : [basis]);
}
