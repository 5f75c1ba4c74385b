import type { ErrorRequestHandler, NextFunction, Request, RequestHandler, Response } from 'express';
import { AccessRefusal, challengeOf, type ProtectedResource } from '../auth/access-refusal.js';
import type { Caller } from '../auth/caller.js';
import type { TokenVerifier } from '../auth/tokens.js';
import { Failure } from '../fault.js';
import type { ApiLogger } from './api-logger.js';
import { ERROR_CODES, type ErrorCode } from './error-codes.js';
import { currentRequestId } from './request-id.js';

/** What the handlers before GraphQL leave for it in `response.locals`. */
export interface RequestLocals {
  caller: Caller;
}

export type ApiResponse = Response<unknown, RequestLocals & Record<string, unknown>>;

/** Lets only requests through whose token is good and opens at least something here. */
export function authenticate(
  verifier: TokenVerifier,
  bearerToken: (request: Request) => string,
): RequestHandler {
  return async (request: Request, response: Response, next: NextFunction) => {
    const caller = await verifier.verify(bearerToken(request));
    if (caller.scopes.size === 0)
      throw new AccessRefusal('insufficient_scope', 'The token has no scope of this service.');
    response.locals.caller = caller;
    next();
  };
}

/** An error answer in the form of a GraphQL one, so that a client needs to know one form only. */
export function sendError(response: Response, code: ErrorCode, message?: string, status?: number): void {
  const requestId = currentRequestId();
  response
    .status(status ?? ERROR_CODES[code].status)
    .json({ errors: [{ message: message ?? ERROR_CODES[code].message, extensions: { code, requestId } }] });
}

export const answerNotFound: RequestHandler = (_request, response) => sendError(response, 'NOT_FOUND');

/** Turns whatever a handler threw into an answer that gives nothing away. */
export function answerError(resource: ProtectedResource, logger: ApiLogger): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) return next(error);
    const requestId = currentRequestId();
    if (error instanceof AccessRefusal) {
      response.setHeader('www-authenticate', challengeOf(error, resource));
      const code =
        error.status === 400 ? 'BAD_REQUEST' : error.status === 403 ? 'FORBIDDEN' : 'UNAUTHENTICATED';
      return sendError(response, code, error.message, error.status);
    }
    if (error instanceof Failure) {
      logger.error({ requestId, err: error }, 'the token issuer could not be asked');
      return sendError(response, 'ISSUER_UNAVAILABLE');
    }
    const status = (error as { status?: unknown } | undefined)?.status;
    if (status === 413) return sendError(response, 'BODY_TOO_LARGE');
    if (typeof status === 'number' && status >= 400 && status < 500) {
      return sendError(response, 'BAD_REQUEST', undefined, status);
    }
    logger.error({ requestId, err: error, path: request.path }, 'a request failed');
    return sendError(response, 'INTERNAL_SERVER_ERROR');
  };
}
