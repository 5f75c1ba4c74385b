/** What one request may ask for at most. */
export interface RequestLimits {
  /** Fields within fields. */
  readonly depth: number;
  /** The same below `__schema` and `__type`, which tools ask deeper questions of. */
  readonly introspectionDepth: number;
  /**
   * The most rows the answers to a request can have, counting a walk's rows for each row walked from, and 100 for each
   * count, total, set of groups, or page as of an earlier publication.
   */
  readonly cost: number;
  /** Lexical tokens of a document. */
  readonly tokens: number;
  /** Fields with an alias. */
  readonly aliases: number;
  /** Fields of an operation, those of a fragment counted at each place it is spread: spreads of spreads multiply. */
  readonly fields: number;
  /** Levels of a value given as a variable, or as the filter of an export. */
  readonly inputDepth: number;
  /** Operations in one HTTP request. */
  readonly batch: number;
  /** Bytes of a request's body. */
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
  batch: 10,
  bodyBytes: 100_000,
};
