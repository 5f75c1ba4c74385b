import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { Failure, Fault } from '../../fault.js';
import { ERROR_CODES, type ErrorCode, isErrorCode } from './error-codes.js';

/** An error to tell the caller, with one of the documented codes. */
export function apiError(
  code: ErrorCode,
  message: string = ERROR_CODES[code].message,
  cause?: unknown,
): GraphQLError {
  return new GraphQLError(message, {
    originalError: cause instanceof Error ? cause : undefined,
    extensions: { code },
  });
}

/** A value of the caller's that cannot be used; other parts of the same operation still answer. */
export function badInput(message: string): GraphQLError {
  return apiError('BAD_USER_INPUT', message);
}

/** The limits of a request, as errors and their documentation name them. */
export type LimitName =
  | 'depth'
  | 'cost'
  | 'page size'
  | 'tokens'
  | 'aliases'
  | 'fields'
  | 'input depth'
  | 'batch size'
  | 'body size in bytes'
  | 'order steps';

/** A refusal that says which limit, how much is allowed and what was found. */
export function limitError(
  limit: LimitName,
  allowed: number,
  actual: number,
  code: ErrorCode = 'LIMIT_EXCEEDED',
): GraphQLError {
  return new GraphQLError(`The ${limit} is ${actual}: at most ${allowed} is allowed.`, {
    extensions: { code, limit: { name: limit, allowed, actual } },
  });
}

/** Whether Postgres refused a value that passed our checks but not those of its type. */
export function isDataException(error: unknown): boolean {
  return String((error as { code?: unknown } | undefined)?.code).startsWith('22');
}

/** The code for what was thrown below us; undefined when the fault is ours. */
function codeOf(error: unknown): ErrorCode | undefined {
  if (error instanceof Failure) return 'QUEUE_UNAVAILABLE';
  if (error instanceof Fault) return 'BAD_USER_INPUT';
  const code = (error as { code?: unknown } | undefined)?.code;
  if (typeof code !== 'string') return undefined;
  if (code === '57014') return 'STATEMENT_TIMEOUT';
  if (isDataException(error)) return 'BAD_USER_INPUT';
  // Connection exceptions, insufficient resources, operator intervention, and the network's own.
  if (/^(08|53|57P)/.test(code) || /^E[A-Z]+$/.test(code)) return 'DATABASE_UNAVAILABLE';
  return undefined;
}

/** What the caller sees of an error: a documented code, a message that gives nothing away, and the request's id. */
export function formatError(error: GraphQLError, requestId?: string): GraphQLFormattedError {
  const { locations, path, extensions } = error;
  const told = isErrorCode(extensions.code) && extensions.code !== 'INTERNAL_SERVER_ERROR';
  const code = told
    ? (extensions.code as ErrorCode)
    : (codeOf(error.originalError ?? undefined) ?? 'INTERNAL_SERVER_ERROR');
  // Some checks of graphql itself suggest names of the schema, or quote what they were given.
  const message = told ? error.message.replace(/ Did you mean .*\?$/s, '') : ERROR_CODES[code].message;
  return {
    message,
    ...(locations && { locations }),
    ...(path && { path }),
    extensions: {
      code,
      ...(requestId !== undefined && { requestId }),
      ...(extensions.limit ? { limit: extensions.limit } : {}),
    },
  };
}

/** The HTTP status of an answer that consists of refusals alone: that of the first. */
export function statusOf([first]: readonly GraphQLFormattedError[]): number {
  const code = first?.extensions?.code;
  return isErrorCode(code) ? ERROR_CODES[code].status : ERROR_CODES.INTERNAL_SERVER_ERROR.status;
}

/** Whether an error is the caller's doing; others are for the log. */
export function isCallersFault(formatted: GraphQLFormattedError): boolean {
  const code = formatted.extensions?.code;
  return isErrorCode(code) && ERROR_CODES[code].status < 500;
}
