import { GraphQLError } from 'graphql';
import { apiError, limitError } from '../errors/api-error.js';
import type { ErrorCode } from '../errors/error-codes.js';
import type { Limits } from '../limits/limits.js';
import { countTokens } from '../limits/query-limits.js';

/** Apollo tells its refusals of requests apart by status only. */
const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'BAD_REQUEST',
  405: 'METHOD_NOT_ALLOWED',
  406: 'NOT_ACCEPTABLE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
};

/** An error of Apollo or graphql as one of the documented codes, and any other as it is. */
export function documentedError(error: unknown, limits: Limits): GraphQLError {
  if (!(error instanceof GraphQLError))
    return new GraphQLError('failed', { originalError: error instanceof Error ? error : undefined });
  const { code, http } = error.extensions;
  if (code === 'GRAPHQL_PARSE_FAILED' && error.message.includes('Document contains more that')) {
    return limitError('tokens', limits.tokens, countTokens(error.source?.body ?? ''));
  }
  // What graphql says of variables with more faults than it lists.
  if (error.message.startsWith('Too many errors processing variables'))
    return recoded(error, 'BAD_USER_INPUT');
  if (code !== undefined && code !== 'BAD_REQUEST') return error;
  const byStatus = CODE_OF_STATUS[(http as { status?: number } | undefined)?.status ?? 0];
  return byStatus ? recoded(error, byStatus) : error;
}

function recoded(error: GraphQLError, code: ErrorCode): GraphQLError {
  return apiError(code, error.message.trim(), error);
}
