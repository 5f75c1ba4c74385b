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

/** A response before it is sent. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Headers;
  /** JSON. */
  readonly body: string;
}

/** An error response in the format of GraphQL, so that clients handle a single format. */
export function errorResponse(
  code: ErrorCode,
  requestId: string,
  message?: string,
  status?: number,
): HttpResponse {
  return {
    status: status ?? ERROR_CODES[code].status,
    headers: {},
    body: JSON.stringify({
      errors: [{ message: message ?? ERROR_CODES[code].message, extensions: { code, requestId } }],
    }),
  };
}

/** @throws METHOD_NOT_ALLOWED, with the header Allow that RFC 9110 section 15.5.6 requires */
export function throwMethodNotAllowed(response: ServerResponse, allowed: string, message: string): never {
  response.setHeader('allow', allowed);
  throw apiError('METHOD_NOT_ALLOWED', message);
}

/** @throws METHOD_NOT_ALLOWED unless the request only reads. */
export function requireGet({ method }: IncomingMessage, response: ServerResponse): void {
  if (method !== 'GET' && method !== 'HEAD')
    throwMethodNotAllowed(response, 'GET, HEAD', `This address supports GET, not ${method}.`);
}

/** The response to an error that occurred outside an operation. It contains no internal details. */
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
  // Errors of the database get the same codes as within an operation, such as STATEMENT_TIMEOUT.
  if (error instanceof GraphQLError || error instanceof pg.DatabaseError) {
    const reported =
      error instanceof GraphQLError ? error : new GraphQLError('failed', { originalError: error });
    const formatted = formatError(reported, requestId);
    const status = statusOf([formatted]);
    if (status >= 500) logger.error({ requestId, err: reported.originalError ?? reported }, 'request failed');
    return { status, headers: {}, body: JSON.stringify({ errors: [formatted] }) };
  }
  if (error instanceof Failure && error.code.startsWith('issuer')) {
    logger.error({ requestId, err: error }, 'cannot reach the token issuer');
    return errorResponse('ISSUER_UNAVAILABLE', requestId);
  }
  if (error instanceof Failure && error.code === 'sessions_unavailable') {
    logger.error({ requestId, err: error }, 'cannot reach the sessions');
    return errorResponse('SESSIONS_UNAVAILABLE', requestId);
  }
  logger.error({ requestId, err: error }, 'request failed');
  return errorResponse('INTERNAL_SERVER_ERROR', requestId);
}

/** @throws UNSUPPORTED_MEDIA_TYPE for a compressed body, whose bytes would be read as if they were the content. */
export function requireUnencoded({ headers }: IncomingMessage): void {
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding.trim().toLowerCase() === 'identity') return;
  throw apiError(
    'UNSUPPORTED_MEDIA_TYPE',
    `The content encoding ${encoding.slice(0, 40)} is not supported: send the body without Content-Encoding.`,
  );
}

/** The client disconnected, or sent the body too slowly. */
export class CallerGone extends Error {}

/** Protects against clients that send slowly on purpose. Uploads do not use it. */
const BODY_TIMEOUT_MS = 20_000;

/**
 * Reads a request's body.
 * @throws BODY_TOO_LARGE, or CallerGone when the client disconnects
 */
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
      if (!request.complete) reject(new CallerGone('the client disconnected before the end of the body'));
    });
  });
}

/** How long a client that still sends a body may do so after the response, so that it can read the response first. */
export const LINGER_MS = 2_000;

/**
 * Sends a response, unless the client has disconnected. If the body of the request is not read, its rest is discarded and the connection
 * is closed: otherwise a client could keep it open by sending slowly.
 */
export function send(response: ServerResponse, answer: HttpResponse, common: Headers): void {
  const { req: request } = response;
  if (request.complete || !announcesBody(request)) {
    write(response, answer, common);
    return;
  }
  // A small body may have arrived with the headers, and is complete when they have been handled.
  setImmediate(() => {
    if (request.complete) {
      write(response, answer, common);
      return;
    }
    response.shouldKeepAlive = false;
    write(response, answer, common, (body) => {
      // The response has a length, so the client has all of it before the connection ends.
      response.write(body);
      const end = () => {
        clearTimeout(timer);
        response.end();
      };
      const timer = setTimeout(end, LINGER_MS);
      request.once('end', end).once('close', end).resume();
    });
  });
}

function announcesBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function write(
  response: ServerResponse,
  answer: HttpResponse,
  common: Headers,
  finish: (body: string) => void = (body) => response.end(body),
): void {
  if (response.destroyed || response.headersSent) return;
  const { status, headers, body } = answer;
  const withBody = status !== 304 && status !== 204;
  if (!withBody) {
    const { 'content-type': _type, ...others } = { ...common, ...headers };
    response.writeHead(status, others);
    finish('');
    return;
  }
  response.writeHead(status, {
    ...common,
    'content-type': 'application/json; charset=utf-8',
    ...headers,
    'content-length': Buffer.byteLength(body),
  });
  finish(body);
}
