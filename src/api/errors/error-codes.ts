/**
 * Every code an error answer can carry in `extensions.code`, with its HTTP status when it refuses the whole request,
 * its message unless a fuller one is at hand, and what the caller can do. docs/errors.md is this table for readers.
 */
export const ERROR_CODES = {
  UNAUTHENTICATED: {
    status: 401,
    message: 'The request carries no valid access token.',
    remedy: 'Get a new access token from the issuer that WWW-Authenticate leads to.',
  },
  FORBIDDEN: {
    status: 403,
    message: 'The access token does not allow this.',
    remedy: 'Ask for a token with the scope named, or ask the operator to widen the policy of the client.',
  },
  BAD_REQUEST: {
    status: 400,
    message: 'The request is malformed.',
    remedy: 'Send GraphQL over HTTP: JSON by POST, or a URL by GET with a header that needs a preflight.',
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    message: 'This address does not take this method.',
    remedy: 'Use a method that the Allow header names; mutations go by POST.',
  },
  NOT_ACCEPTABLE: {
    status: 406,
    message: 'None of the accepted media types can be given.',
    remedy: 'Accept application/graphql-response+json or application/json.',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    message: 'The body is of a media type that is not taken.',
    remedy: 'Send GraphQL as application/json in UTF-8, and no body with a Content-Encoding.',
  },
  BAD_USER_INPUT: {
    status: 400,
    message: 'A value given is not usable.',
    remedy: 'Correct the value the message names.',
  },
  BODY_TOO_LARGE: {
    status: 413,
    message: 'The request body is too large.',
    remedy: 'Send less at once; the message says the limit.',
  },
  LIMIT_EXCEEDED: {
    status: 400,
    message: 'The operation asks for more than is allowed at once.',
    remedy:
      'Ask for less: the message and extensions.limit say which limit, how much is allowed and what was found.',
  },
  RATE_LIMITED: {
    status: 429,
    message: 'The caller has used up its allowance.',
    remedy: 'Wait as long as the Retry-After header says.',
  },
  NOT_FOUND: {
    status: 404,
    message: 'There is nothing at this address.',
    remedy: 'Check the address.',
  },
  CONFLICT: {
    status: 409,
    message: 'The request does not fit what is there.',
    remedy:
      'Read the message: an idempotency key was used for another request, or the run or file is in another state.',
  },
  GRAPHQL_PARSE_FAILED: {
    status: 400,
    message: 'The document is not GraphQL.',
    remedy: 'Correct the syntax at the location given.',
  },
  GRAPHQL_VALIDATION_FAILED: {
    status: 400,
    message: 'The document does not fit the schema.',
    remedy: 'Compare the document with schema.graphql.',
  },
  OPERATION_RESOLUTION_FAILURE: {
    status: 400,
    message: 'The operation to run cannot be told.',
    remedy: 'Name one of the operations of the document in operationName.',
  },
  PERSISTED_QUERY_NOT_FOUND: {
    status: 200,
    message: 'PersistedQueryNotFound',
    remedy: 'Send the document once more together with its hash.',
  },
  PERSISTED_QUERY_NOT_LISTED: {
    status: 403,
    message: 'Only listed documents are answered here, and this one is not listed.',
    remedy: 'Ask the operator to put the document on the safelist.',
  },
  QUEUE_UNAVAILABLE: {
    status: 503,
    message: 'The pipeline does not answer: try again later.',
    remedy: 'Try again with the same idempotency key; the operator sees to it that a worker runs.',
  },
  STATEMENT_TIMEOUT: {
    status: 504,
    message: 'The database took too long: ask for less at once.',
    remedy: 'Narrow the filter, or ask for a smaller page.',
  },
  DATABASE_UNAVAILABLE: {
    status: 503,
    message: 'The database does not answer: try again later.',
    remedy: 'Try again after a moment.',
  },
  ISSUER_UNAVAILABLE: {
    status: 503,
    message: 'The token issuer does not answer, so no token can be checked: try again later.',
    remedy: 'Try again after a moment.',
  },
  INTERNAL_SERVER_ERROR: {
    status: 500,
    message: 'Something broke here: report it with the request id.',
    remedy: 'Report it to the operator with the request id.',
  },
} as const satisfies Record<string, { status: number; message: string; remedy: string }>;

export type ErrorCode = keyof typeof ERROR_CODES;

export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERROR_CODES, code);
}
