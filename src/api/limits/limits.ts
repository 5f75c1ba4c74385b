/** The limits of one request. */
export interface RequestLimits {
  /** Levels of nested fields. */
  readonly depth: number;
  /** Levels of nested fields from `__schema` or `__type` on: tools send deeper queries there. */
  readonly introspectionDepth: number;
  /**
   * Maximum number of rows in the responses to a request. Related rows count for each row they belong to. A count, a
   * total, a set of groups and a page as of an earlier publication count as 100 rows each.
   */
  readonly cost: number;
  /** Lexical tokens of a document. */
  readonly tokens: number;
  /** Fields with an alias. */
  readonly aliases: number;
  /** Fields of an operation. Those of a fragment count at each spread, so nested spreads multiply. */
  readonly fields: number;
  /** Levels of nesting in a variable or in the filter of an export. */
  readonly inputDepth: number;
  /** Comparisons and searches in one filter. */
  readonly filterTerms: number;
  /** Length of a text that a filter searches for, in characters. */
  readonly filterTextLength: number;
  /** How long Postgres may work on a statement, in ms. */
  readonly statementMs: number;
  /** How long a request may take, in ms, waiting for a database connection included. Uploads and exports may take longer. */
  readonly deadlineMs: number;
  /** Operations in one HTTP request. */
  readonly batch: number;
  /** Size of the request body. */
  readonly bodyBytes: number;
}

export const DEFAULT_LIMITS: RequestLimits = {
  depth: 12,
  introspectionDepth: 20,
  cost: 20_000,
  tokens: 2000,
  aliases: 30,
  fields: 5000,
  inputDepth: 100,
  filterTerms: 200,
  filterTextLength: 1000,
  statementMs: 25_000,
  deadlineMs: 30_000,
  batch: 10,
  bodyBytes: 100_000,
};
