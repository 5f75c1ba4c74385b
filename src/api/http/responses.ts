import type { IncomingMessage, ServerResponse } from 'node:http';
import { GraphQLError } from 'graphql';
import pg from 'pg';
import { AccessError, challengeOf, type ProtectedResource } from '../../auth/access-error.js';
import { LoginError } from '../../auth/login/login-error.js';
import { Failure } from '../../fault.js';
import type { ApiLogger } from '../api-logger.js';
import { apiError, formatError, statusOf } from '../errors/api-error.js';
import { ERROR_CODES, type ErrorCode } from '../errors/error-codes.js';
import { RateLimitExceeded } from '../errors/rate-limit-exceeded.js';
import type { Headers } from './security-headers.js';

/** An answer before it is sent. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Headers;
  /** JSON. */
  readonly body: string;
}

/** An error answer in the form of a GraphQL one, so that a client needs to know one form only. */
export function errorResponse(
  code: ErrorCode,
  requestId: string,
  message?: string,
  status?: number,
): HttpResponse {
  const told = message ?? ERROR_CODES[code].message;
  return {
    status: status ?? ERROR_CODES[code].status,
    headers: {},
    body: JSON.stringify({ errors: [{ message: told, extensions: { code, requestId } }] }),
  };
}

/** @throws METHOD_NOT_ALLOWED, whose answer names the methods that are (RFC 9110, 15.5.6) */
export function throwMethodNotAllowed(response: ServerResponse, allowed: string, message: string): never {
  response.setHeader('allow', allowed);
  throw apiError('METHOD_NOT_ALLOWED', message);
}

/** For what can only be looked at. @throws METHOD_NOT_ALLOWED */
export function requireGet({ method }: IncomingMessage, response: ServerResponse): void {
  if (method !== 'GET' && method !== 'HEAD')
    throwMethodNotAllowed(response, 'GET, HEAD', `This address is asked by GET, not ${method}.`);
}

/** Semaphore whatever was thrown before or beside the operations into an answer that gives nothing away. */
export function failureResponse(
  error: unknown,
  requestId: string,
  resource: ProtectedResource,
  logger: ApiLogger,
): HttpResponse {
  if (error instanceof AccessError) {
    const code =
      error.status === 400 ? 'BAD_REQUEST' : error.status === 403 ? 'FORBIDDEN' : 'UNAUTHENTICATED';
    return {
      ...errorResponse(code, requestId, error.message, error.status),
      headers: { 'www-authenticate': challengeOf(error, resource) },
    };
  }
  if (error instanceof LoginError) {
    const code =
      error.status === 400 ? 'BAD_REQUEST' : error.status === 403 ? 'FORBIDDEN' : 'UNAUTHENTICATED';
    return errorResponse(code, requestId, error.message, error.status);
  }
  if (error instanceof RateLimitExceeded) {
    const { body } = failureResponse(error.error, requestId, resource, logger);
    return {
      status: ERROR_CODES.RATE_LIMITED.status,
      headers: { ...error.headers, 'retry-after': error.retryAfterSeconds },
      body,
    };
  }
  // What the database says is told as it is for an operation: that a statement took too long, say.
  if (error instanceof GraphQLError || error instanceof pg.DatabaseError) {
    const told = error instanceof GraphQLError ? error : new GraphQLError('failed', { originalError: error });
    const formatted = formatError(told, requestId);
    const status = statusOf([formatted]);
    if (status >= 500) logger.error({ requestId, err: told.originalError ?? told }, 'a request failed');
    return { status, headers: {}, body: JSON.stringify({ errors: [formatted] }) };
  }
  if (error instanceof Failure && error.code.startsWith('issuer')) {
    logger.error({ requestId, err: error }, 'the token issuer could not be asked');
    return errorResponse('ISSUER_UNAVAILABLE', requestId);
  }
  logger.error({ requestId, err: error }, 'a request failed');
  return errorResponse('INTERNAL_SERVER_ERROR', requestId);
}

/** @throws UNSUPPORTED_MEDIA_TYPE where the body is zipped on its way: its bytes would be taken for what they stand for. */
export function requireUnencoded({ headers }: IncomingMessage): void {
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding.trim().toLowerCase() === 'identity') return;
  throw apiError(
    'UNSUPPORTED_MEDIA_TYPE',
    'The body has a content encoding: send it as it is, without Content-Encoding.',
  );
}

/** The caller hung up, or sent too slowly. */
export class CallerGone extends Error {}

/** The longest a small body may take, in ms: against callers that send slowly on purpose. */
const BODY_TIMEOUT_MS = 20_000;

/** Reads a request's body up to a limit. */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const tooLarge = (found: number) => {
      request.off('data', take).resume();
      reject(
        new GraphQLError(`The body size in bytes is ${found}: at most ${maxBytes} is allowed.`, {
          extensions: {
            code: 'BODY_TOO_LARGE' satisfies ErrorCode,
            limit: { name: 'body size in bytes', allowed: maxBytes, actual: found },
          },
        }),
      );
    };
    const chunks: Buffer[] = [];
    let size = 0;
    const take = (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) return tooLarge(size);
      chunks.push(chunk);
    };
    const announced = Number(request.headers['content-length'] ?? 0);
    if (announced > maxBytes) return tooLarge(announced);
    const timer = setTimeout(() => request.destroy(), BODY_TIMEOUT_MS);
    request.on('data', take);
    request.once('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    request.once('error', reject);
    request.once('close', () => {
      clearTimeout(timer);
      if (!request.complete) reject(new CallerGone('the caller hung up'));
    });
  });
}

/** Sends an answer, unless the caller has hung up. */
export function send(response: ServerResponse, answer: HttpResponse, common: Headers): void {
  if (response.destroyed || response.headersSent) return;
  const { status, headers, body } = answer;
  const withBody = status !== 304 && status !== 204;
  if (!withBody) {
    const { 'content-type': _type, ...others } = { ...common, ...headers };
    response.writeHead(status, others).end();
    return;
  }
  response.writeHead(status, {
    ...common,
    'content-type': 'application/json; charset=utf-8',
    ...headers,
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}
