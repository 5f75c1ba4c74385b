/**
 * The two ways something goes wrong. The class decides whether a queue retries:
 * a fault comes back the same however often it is tried, a failure may not.
 */
abstract class CodedError extends Error {
  /** Stable, documented code, for callers that branch on it. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** Wrong data or wrong input: a retry cannot help. The message says what was found, expected, and to do. */
export class Fault extends CodedError {}

/** A broken machine (a lost connection, a full disk): a retry may help. */
export class Failure extends CodedError {}

/** The message of anything thrown, for logs and the ledger. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
