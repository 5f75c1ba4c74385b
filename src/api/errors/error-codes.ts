/**
 * Every code of an error response (`extensions.code`): its HTTP status if the whole request fails, its default
 * message, and what the caller can do. docs/errors.md is this table for readers; a test compares the two.
 */
export const ERROR_CODES = {
  UNAUTHENTICATED: {
    status: 401,
    message: 'A valid access token is required.',
    remedy: 'Get a new access token. The WWW-Authenticate header links to metadata that names the issuer.',
  },
  FORBIDDEN: {
    status: 403,
    message: 'The access token does not permit this.',
    remedy:
      "Request a token with the scope named in the message, or ask the operator to extend the client's policy.",
  },
  BAD_REQUEST: {
    status: 400,
    message: 'The request is malformed.',
    remedy:
      'Send GraphQL over HTTP: POST with JSON, or GET with a header that requires a preflight, such as apollo-require-preflight.',
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    message: 'This address does not support the method.',
    remedy: 'Use a method from the Allow header. Mutations require POST.',
  },
  NOT_ACCEPTABLE: {
    status: 406,
    message: 'None of the accepted media types is available.',
    remedy: 'Accept application/graphql-response+json or application/json.',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    message: 'The media type of the body is not supported.',
    remedy: 'Send GraphQL as application/json in UTF-8, without Content-Encoding.',
  },
  BAD_USER_INPUT: {
    status: 400,
    message: 'Invalid argument value.',
    remedy: 'Correct the value named in the message.',
  },
  BODY_TOO_LARGE: {
    status: 413,
    message: 'The request body is too large.',
    remedy: 'Send a smaller body. The message states the limit.',
  },
  LIMIT_EXCEEDED: {
    status: 400,
    message: 'The operation exceeds a limit.',
    remedy:
      'Request less. The message and extensions.limit state the limit, what is allowed and what was found.',
  },
  RATE_LIMITED: {
    status: 429,
    message: 'Rate limit exceeded.',
    remedy: 'Wait as long as the Retry-After header says.',
  },
  NOT_FOUND: {
    status: 404,
    message: 'There is nothing at this address.',
    remedy: 'Check the address.',
  },
  CONFLICT: {
    status: 409,
    message: 'The request conflicts with the current state.',
    remedy:
      'Read the message: the idempotency key was used for a different request, or the run or file is in a different state.',
  },
  GRAPHQL_PARSE_FAILED: {
    status: 400,
    message: 'The document has a syntax error.',
    remedy: 'Correct the syntax at the given location.',
  },
  GRAPHQL_VALIDATION_FAILED: {
    status: 400,
    message: 'The document does not match the schema.',
    remedy: 'Compare the document with schema.graphql.',
  },
  OPERATION_RESOLUTION_FAILURE: {
    status: 400,
    message: 'Cannot determine which operation to run.',
    remedy: "Name one of the document's operations in operationName.",
  },
  PERSISTED_QUERY_NOT_FOUND: {
    status: 200,
    message: 'PersistedQueryNotFound',
    remedy: 'Send the document again, together with its hash.',
  },
  PERSISTED_QUERY_NOT_LISTED: {
    status: 403,
    message: 'Only documents on the safelist are accepted, and this document is not on it.',
    remedy: 'Ask the operator to add the document to the safelist.',
  },
  QUEUE_UNAVAILABLE: {
    status: 503,
    message: 'The pipeline does not respond. Try again later.',
    remedy:
      'Try again with the same idempotency key. The operator needs to make sure that a worker is running.',
  },
  STATEMENT_TIMEOUT: {
    status: 504,
    message: 'The database query took too long. Request less at once.',
    remedy: 'Narrow the filter, or request a smaller page.',
  },
  DATABASE_UNAVAILABLE: {
    status: 503,
    message: 'The database does not respond. Try again later.',
    remedy: 'Try again in a moment.',
  },
  ISSUER_UNAVAILABLE: {
    status: 503,
    message: 'The token issuer does not respond, so the token cannot be verified. Try again later.',
    remedy: 'Try again in a moment.',
  },
  SESSIONS_UNAVAILABLE: {
    status: 503,
    message: 'Login sessions cannot be read, because Redis does not respond. Try again later.',
    remedy: 'Try again in a moment, or use an access token.',
  },
  INTERNAL_SERVER_ERROR: {
    status: 500,
    message: 'Internal error. Report it with the request id.',
    remedy: 'Report it to the operator with the request id.',
  },
} as const satisfies Record<string, { status: number; message: string; remedy: string }>;

export type ErrorCode = keyof typeof ERROR_CODES;

export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERROR_CODES, code);
}
