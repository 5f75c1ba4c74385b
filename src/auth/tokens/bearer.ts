import type { IncomingMessage } from 'node:http';
import { AccessError } from '../access-error.js';

/** The b64token of RFC 6750 section 2.1. */
const BEARER = /^Bearer +([A-Za-z0-9\-._~+/]+=*)$/i;

/**
 * The bearer token of a request. It must be in the Authorization header: RFC 6750 advises against the query string,
 * which ends up in logs.
 * @throws AccessError 401 without a token, 400 if the token is malformed, repeated or in the query string
 */
export function bearerToken(request: IncomingMessage): string {
  const query = request.url?.split('?')[1];
  if (query && new URLSearchParams(query).has('access_token')) {
    throw new AccessError(
      'invalid_request',
      'The token is in the query string. Send it in the Authorization header.',
    );
  }
  const headers = authorizationHeaders(request);
  if (headers.length > 1) {
    throw new AccessError(
      'invalid_request',
      `Found ${headers.length} Authorization headers. Send exactly one.`,
    );
  }
  const [header] = headers;
  if (header === undefined || !/^Bearer\b/i.test(header)) {
    throw new AccessError(undefined, 'The request has no bearer token. Send Authorization: Bearer <token>.');
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

/** Read from the raw headers, since Node silently drops all but the first. */
function authorizationHeaders(request: IncomingMessage): string[] {
  const found: string[] = [];
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    if (request.rawHeaders[index]?.toLowerCase() === 'authorization') {
      found.push(request.rawHeaders[index + 1]?.trim() ?? '');
    }
  }
  return found;
}
