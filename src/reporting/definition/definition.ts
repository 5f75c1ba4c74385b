/** The kinds of values a report column holds; the names of Postgres' types, but for `int`. */
export type ReportColumnType = 'int' | 'bigint' | 'numeric' | 'text' | 'date';

/** One column of a report, described once for the build, the catalog, the dictionary and the API. */
export interface ReportColumn {
  readonly name: string;
  readonly type: ReportColumnType;
  readonly nullable: boolean;
  /** What a value counts in: US dollars and so on; null for names and numbers without one. */
  readonly unit: string | null;
  /** What it means, as a phrase that ends with a full stop. */
  readonly meaning: string;
  /**
   * Given where a value is the sum of what the contributions of its row have in the column of the same name; with
   * `places`, where the sum is rounded.
   */
  readonly sum?: { readonly places?: number } | undefined;
  /** For tracing: the column of the contributions that a value is made of by other means, a mean or a rank. */
  readonly basis?: string | undefined;
  /** For tracing: whether it is made of what the other columns leave out. */
  readonly ofLeftOut?: boolean | undefined;
  /** For tracing: the columns of the contributions that a value is made of, where they are several. */
  readonly parts?: readonly string[] | undefined;
  /**
   * For causes: the columns of the contributions that a value which is no sum follows from, where these are not those of
   * `basis` or `parts`. It follows from all that an entity brings where it has none of the three.
   */
  readonly followsFrom?: readonly string[] | undefined;
  /** For causes: whether it follows from the rows as well that its own is computed together with, other than by `ofAll`. */
  readonly isAmongRows?: boolean | undefined;
  /**
   * Whether a value follows from the contributions to all rows besides those to its own: from the one row of the relation
   * `of_all`, see `Contributions`.
   */
  readonly ofAll?: boolean | undefined;
}

/** A blocking check that finds offenders stops the publication; a warning is kept with it. */
export type CheckSeverity = 'blocking' | 'warning';

/**
 * A query that returns the offenders: no rows means passed. It reads the warehouse and, of each report,
 * `support.build_<report>`, the rows that were built; `next_<report>`, all rows there will be; and
 * `touched_<report>`, the keys that were built again. `$1` is the as-of day. `$2` is true where all is to be looked
 * at and false where it is enough to look at what was touched.
 */
export interface ReportCheck {
  /** The sentence it asserts, with underscores. */
  readonly name: string;
  readonly severity: CheckSeverity;
  /** Path of its .sql file. */
  readonly sqlFile: string;
}

/**
 * A sum over a warehouse table too large to be summed anew each time; kept up as the table is cleaned. Its query gives
 * what came and went since `$1` (a time; null for everything) by key. The report's query reads it by its name.
 */
export interface Stock {
  readonly name: string;
  /** The warehouse table that is summed. */
  readonly table: string;
  readonly key: readonly string[];
  /** What is summed, by column. */
  readonly sums: readonly string[];
  /** Path of its .sql file. */
  readonly sqlFile: string;
}

/**
 * A row of the warehouse, beside the entity's own, that a contribution stands on: a link of the entity, or what is linked
 * to. Told of in causes alone. Its table numbers its rows by `version_id`.
 */
export interface ContributionSource {
  readonly table: string;
  readonly isLink: boolean;
  /** The columns of its natural key, each with the column of the contributions that has the same value. */
  readonly key: Readonly<Record<string, string>>;
  /** Columns of the report that show what is linked to, each with the column it shows. Its key is part of the report's. */
  readonly shows?: Readonly<Record<string, string>> | undefined;
}

/**
 * Records summed into the contributions, which may be too many to an entity to be told one by one; each reaches its entity
 * through a link. Told of in traces and causes alone.
 */
export interface SummedRecords {
  /** The warehouse table that is summed, and its column. */
  readonly table: string;
  readonly value: string;
  /** The warehouse table of the links, its column of the entity, and its natural key, which the summed table has as well. */
  readonly links: { readonly table: string; readonly entity: string; readonly key: string };
  /** The columns of the contributions that count them and sum them. */
  readonly count: string;
  readonly sum: string;
  /** The columns of the report that are made of them. */
  readonly columns: readonly string[];
}

/**
 * How the rows of a report come from what it counts. Where a definition has it, its .sql file holds two statements, or
 * three.
 * The first gives a row for each contribution, one entity's to one row of the report: the key columns and
 *
 * - `entity` integer, the entity's natural key, and `entity_name` text;
 * - `version`, the warehouse row it stands in, with its `file_id` and `record_number`;
 * - `left_out` text, why the entity does not count; null where it does;
 * - for each summed column of the report, a column of that name with the amount it adds;
 * - whatever else its amounts follow from.
 *
 * `$1` is the as-of day; `$2` integer[] the entities to look at, null for all. The last statement computes the
 * report's rows from the relation `contribution`. Where a column follows from all contributions, a statement between
 * them gives in one row what it takes of them; the last reads that as the relation `of_all`, and so does tracing.
 */
export interface Contributions {
  /** What an entity is called, in the singular. */
  readonly noun: string;
  /** The warehouse table that has the versions of entities, their natural key in it, and what numbers the versions. */
  readonly entityTable: string;
  readonly entityKey: string;
  readonly entityVersion: string;
  /** Rows that agree in these key columns are computed together; only rows of the same key unless told. */
  readonly together?: readonly string[] | undefined;
  /**
   * Paths of queries that give, as `entity`, whose contributions may differ since `$1` (a time), when the as-of day
   * was `$2`; now it is `$3`.
   */
  readonly touched: readonly string[];
  readonly stocks: readonly Stock[];
  /** Links first: where one is new, so may be what it links to. */
  readonly sources: readonly ContributionSource[];
  readonly summed?: SummedRecords | undefined;
  /**
   * Path of a query that gives for what was retired or restored by hand, the relation `hand` (`id`, `table_name`,
   * `row_key`), its `id` and as `entity` whose contributions it may have changed, other than those that stand on it.
   */
  readonly besideHand?: string | undefined;
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
  /** Path of the query that computes it from the warehouse; `$1` is the as-of day. See `Contributions`. */
  readonly sqlFile: string;
  /** Missing: the report is built whole each time, and its changes are explained in general only. */
  readonly contributions?: Contributions | undefined;
  readonly checks: readonly ReportCheck[];
}

/** The columns of the contributions that a value which is no sum follows from; undefined where from all of them. */
export function columnsBehind({
  sum,
  basis,
  parts,
  followsFrom,
}: ReportColumn): readonly string[] | undefined {
  if (sum !== undefined) return undefined;
  return followsFrom ?? parts ?? (basis === undefined ? undefined : [basis]);
}
