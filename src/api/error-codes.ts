/** Every code an error answer can carry in `extensions.code`, with its HTTP status when it refuses the whole request. */
export const ERROR_CODES = {
  UNAUTHENTICATED: { status: 401, message: 'The request carries no valid access token.' },
  FORBIDDEN: { status: 403, message: 'The access token does not allow this.' },
  BAD_REQUEST: { status: 400, message: 'The request is malformed.' },
  BAD_USER_INPUT: { status: 400, message: 'A value given is not usable.' },
  BODY_TOO_LARGE: { status: 413, message: 'The request body is too large.' },
  NOT_FOUND: { status: 404, message: 'There is nothing at this address.' },
  GRAPHQL_PARSE_FAILED: { status: 400, message: 'The document is not GraphQL.' },
  GRAPHQL_VALIDATION_FAILED: { status: 400, message: 'The document does not fit the schema.' },
  OPERATION_RESOLUTION_FAILURE: { status: 400, message: 'The operation to run cannot be told.' },
  PERSISTED_QUERY_NOT_FOUND: { status: 200, message: 'PersistedQueryNotFound' },
  PERSISTED_QUERY_NOT_SUPPORTED: { status: 400, message: 'PersistedQueryNotSupported' },
  STATEMENT_TIMEOUT: { status: 504, message: 'The database took too long: ask for less at once.' },
  DATABASE_UNAVAILABLE: { status: 503, message: 'The database does not answer: try again later.' },
  ISSUER_UNAVAILABLE: {
    status: 503,
    message: 'The token issuer does not answer, so no token can be checked: try again later.',
  },
  INTERNAL_SERVER_ERROR: { status: 500, message: 'Something broke here: report it with the request id.' },
} as const satisfies Record<string, { status: number; message: string }>;

export type ErrorCode = keyof typeof ERROR_CODES;

export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERROR_CODES, code);
}
