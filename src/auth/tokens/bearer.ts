import type { IncomingMessage } from 'node:http';
import { AccessError } from '../access-error.js';

/** The b64token of RFC 6750 section 2.1. */
const BEARER = /^Bearer +([A-Za-z0-9\-._~+/]+=*)$/i;

/**
 * The bearer token of a request's Authorization header, the only place it may be in: RFC 6750 advises against
 * the query string (it ends in logs), and two ways at once are refused.
 * @throws AccessError without a token (401), or with a malformed or doubled one (400).
 */
export function bearerToken(request: IncomingMessage): string {
  const query = request.url?.split('?')[1];
  if (query && new URLSearchParams(query).has('access_token')) {
    throw new AccessError(
      'invalid_request',
      'The token came in the query string: send it in the Authorization header.',
    );
  }
  const headers = authorizationHeaders(request);
  if (headers.length > 1) {
    throw new AccessError(
      'invalid_request',
      `${headers.length} Authorization headers came: send exactly one.`,
    );
  }
  const [header] = headers;
  if (header === undefined || !/^Bearer\b/i.test(header)) {
    throw new AccessError(
      undefined,
      'The request carries no bearer token: send Authorization: Bearer <token>.',
    );
  }
  const token = BEARER.exec(header)?.[1];
  if (!token) {
    throw new AccessError(
      'invalid_request',
      'The Authorization header is malformed: expected "Bearer" and one token.',
    );
  }
  return token;
}

/** From the raw headers, since Node silently keeps only the first of several. */
function authorizationHeaders(request: IncomingMessage): string[] {
  const found: string[] = [];
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    if (request.rawHeaders[index]?.toLowerCase() === 'authorization') {
      found.push(request.rawHeaders[index + 1]?.trim() ?? '');
    }
  }
  return found;
}
