import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { Failure, Fault } from '../../fault.js';
import { outageOf } from '../../queue/backend/outage.js';
import { ERROR_CODES, type ErrorCode, isErrorCode } from './error-codes.js';

/** An error for the caller, with one of the documented codes. */
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

/** An invalid value from the caller. Other parts of the same operation still return data. */
export function badInput(message: string): GraphQLError {
  return apiError('BAD_USER_INPUT', message);
}

/** The limits of a request, under their names in errors and documentation. */
export type LimitName =
  | 'depth'
  | 'cost'
  | 'page size'
  | 'tokens'
  | 'aliases'
  | 'fields'
  | 'input depth'
  | 'filter terms'
  | 'length of a searched text'
  | 'batch size'
  | 'body size in bytes'
  | 'order steps';

/** An error that states the limit, what is allowed and what was found. */
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

/** Whether Postgres rejected a value that passed our checks, for example one out of the range of its type. */
export function isDataException(error: unknown): boolean {
  return String((error as { code?: unknown } | undefined)?.code).startsWith('22');
}

/** The code for an error of the database, the network or the pipeline; undefined for an error of this server. */
function codeOf(error: unknown): ErrorCode | undefined {
  if (error instanceof Failure) return 'QUEUE_UNAVAILABLE';
  if (error instanceof Fault) return 'BAD_USER_INPUT';
  const code = (error as { code?: unknown } | undefined)?.code;
  if (outageOf(error) !== undefined) return 'DATABASE_UNAVAILABLE';
  if (typeof code !== 'string') return undefined;
  if (code === '57014') return 'STATEMENT_TIMEOUT';
  if (isDataException(error)) return 'BAD_USER_INPUT';
  // SQLSTATE classes: connection exception, a refused login, insufficient resources, operator intervention; an unknown database.
  // Then errors of the network.
  if (/^(08|28|53|57P|3D)/.test(code) || /^E[A-Z]+$/.test(code)) return 'DATABASE_UNAVAILABLE';
  return undefined;
}

/** What the caller gets of an error: a documented code, a message without internal details, and the request id. */
export function formatError(error: GraphQLError, requestId?: string): GraphQLFormattedError {
  const { locations, path, extensions } = error;
  const documented = isErrorCode(extensions.code) && extensions.code !== 'INTERNAL_SERVER_ERROR';
  const code = documented
    ? (extensions.code as ErrorCode)
    : (codeOf(error.originalError ?? undefined) ?? 'INTERNAL_SERVER_ERROR');
  // Some validation rules of the graphql package suggest names of the schema, which errors must not reveal.
  const message = documented ? error.message.replace(/ Did you mean .*\?$/s, '') : ERROR_CODES[code].message;
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

/** The HTTP status of a response that contains only errors: that of the first one. */
export function statusOf([first]: readonly GraphQLFormattedError[]): number {
  const code = first?.extensions?.code;
  return isErrorCode(code) ? ERROR_CODES[code].status : ERROR_CODES.INTERNAL_SERVER_ERROR.status;
}

/** Whether the caller caused an error. Other errors are logged. */
export function isCallersFault(formatted: GraphQLFormattedError): boolean {
  const code = formatted.extensions?.code;
  return isErrorCode(code) && ERROR_CODES[code].status < 500;
}
