import { unwrapResolverError } from '@apollo/server/errors';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { ERROR_CODES, type ErrorCode, isErrorCode } from './error-codes.js';

/** An error to tell the caller, with one of the documented codes. */
export function apiError(
  code: ErrorCode,
  message: string = ERROR_CODES[code].message,
  cause?: unknown,
): GraphQLError {
  return new GraphQLError(message, {
    originalError: cause instanceof Error ? cause : undefined,
    extensions: { code, http: { status: ERROR_CODES[code].status } },
  });
}

/** A value of the caller's that cannot be used; other parts of the same operation still answer. */
export function badInput(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' satisfies ErrorCode } });
}

/** The code for what the database threw; undefined when the fault is ours. */
export function databaseErrorCode(error: unknown): ErrorCode | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  if (typeof code !== 'string') return undefined;
  if (code === '57014') return 'STATEMENT_TIMEOUT';
  // Data exceptions: a value that passed our checks but not those of its type.
  if (code.startsWith('22')) return 'BAD_USER_INPUT';
  // Connection exceptions, insufficient resources, operator intervention, and the network's own.
  if (/^(08|53|57P)/.test(code) || /^E[A-Z]+$/.test(code)) return 'DATABASE_UNAVAILABLE';
  return undefined;
}

/** Of what the caller sees: a documented code, a message that gives nothing away, and the request's id. */
export function formatError(
  formatted: GraphQLFormattedError,
  error: unknown,
  requestId: string,
): GraphQLFormattedError {
  const { message, locations, path } = formatted;
  const given = formatted.extensions?.code;
  const code =
    isErrorCode(given) && given !== 'INTERNAL_SERVER_ERROR'
      ? given
      : databaseErrorCode(unwrapResolverError(error));
  const told = code === given;
  return {
    message: told ? message : ERROR_CODES[code ?? 'INTERNAL_SERVER_ERROR'].message,
    ...(locations && { locations }),
    ...(path && { path }),
    extensions: { code: code ?? 'INTERNAL_SERVER_ERROR', requestId },
  };
}
