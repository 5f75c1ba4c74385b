/**
 * The two kinds of errors. The class decides whether a queue retries: a fault is the same at every attempt, a failure
 * may be temporary.
 */
abstract class CodedError extends Error {
  /** A stable, documented code that callers can branch on. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** Wrong data or input: a retry cannot help. The message states what was found, what was expected and what to do. */
export class Fault extends CodedError {}

/** A broken machine (a lost connection, a full disk): a retry may help. */
export class Failure extends CodedError {}

/** The message of any thrown value, for logs and the ledger. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
