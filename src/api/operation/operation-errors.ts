import { HeaderMap } from '@apollo/server';
import { GraphQLError } from 'graphql';
import type { ApiLogger } from '../api-logger.js';
import { apiError, formatError, isCallersFault, limitError } from '../errors/api-error.js';
import { ERROR_CODES, type ErrorCode } from '../errors/error-codes.js';
import type { RequestLimits } from '../limits/limits.js';
import { countTokens } from '../limits/query-limits.js';

/** Apollo distinguishes the requests it refuses by status only. */
const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'BAD_REQUEST',
  405: 'METHOD_NOT_ALLOWED',
  406: 'NOT_ACCEPTABLE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
};

/** Gives an error of Apollo or graphql one of the documented codes. Other errors stay as they are. */
export function documentedError(error: unknown, limits: RequestLimits): GraphQLError {
  if (!(error instanceof GraphQLError))
    return new GraphQLError('failed', { originalError: error instanceof Error ? error : undefined });
  const { code, http } = error.extensions;
  if (code === 'GRAPHQL_PARSE_FAILED' && error.message.includes('Document contains more that')) {
    return limitError('tokens', limits.tokens, countTokens(error.source?.body ?? ''));
  }
  // How graphql reports variables with more errors than it lists.
  if (error.message.startsWith('Too many errors processing variables'))
    return withCode(error, 'BAD_USER_INPUT');
  if (code !== undefined && code !== 'BAD_REQUEST') return error;
  const byStatus = CODE_OF_STATUS[(http as { status?: number } | undefined)?.status ?? 0];
  return byStatus ? withCode(error, byStatus) : error;
}

function withCode(error: GraphQLError, code: ErrorCode): GraphQLError {
  return apiError(code, error.message.trim(), error);
}

interface ErrorParts {
  readonly message?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The limit that was exceeded, for `extensions.limit`. */
  readonly limit?: unknown;
}

/** An error that sets the status and headers of the whole response. */
export function errorWithHeaders(code: ErrorCode, parts: ErrorParts = {}): GraphQLError {
  const { message = ERROR_CODES[code].message, headers = {}, limit } = parts;
  return new GraphQLError(message, {
    extensions: {
      code,
      ...(limit !== undefined && { limit }),
      http: { status: ERROR_CODES[code].status, headers: new HeaderMap(Object.entries(headers)) },
    },
  });
}

export type OperationErrorLog = (errors: readonly GraphQLError[], requestId: string) => void;

/** Returns a function that logs errors of operations, except those that the caller can correct. */
export function operationErrorLog(logger: ApiLogger, limits: RequestLimits): OperationErrorLog {
  return (errors, requestId) => {
    for (const error of errors) {
      if (isCallersFault(formatError(documentedError(error, limits)))) continue;
      logger.error({ requestId, err: error.originalError ?? error, path: error.path }, 'operation failed');
    }
  };
}
