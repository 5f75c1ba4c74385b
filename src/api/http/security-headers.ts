import type { IncomingMessage, ServerResponse } from 'node:http';
import helmet from 'helmet';

/** Headers by lower-case name. */
export type Headers = Record<string, string | number>;

/**
 * The headers of helmet, computed once because they do not depend on the request.
 * @param pages Whether they are for HTML pages, which may run scripts and styles from this server.
 */
export function securityHeaders(pages: boolean): Headers {
  const headers: Headers = {};
  const response = {
    setHeader: (name: string, value: string) => {
      headers[name.toLowerCase()] = value;
    },
    removeHeader: () => undefined,
  };
  const policy: Record<string, string[]> = pages
    ? {
        'default-src': ["'self'"],
        'script-src': ["'self'"],
        // The query editor sets styles from scripts.
        'style-src': ["'self'", "'unsafe-inline'"],
        'img-src': ["'self'", 'data:'],
        'font-src': ["'self'", 'data:'],
        'worker-src': ["'self'", 'blob:'],
        'frame-ancestors': ["'none'"],
        'form-action': ["'self'"],
        'base-uri': ["'none'"],
      }
    : { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] };
  helmet({
    contentSecurityPolicy: { useDefaults: false, directives: policy },
    // Under no-referrer a form is sent with the origin "null", and the check of our own forms needs the real origin.
    referrerPolicy: { policy: pages ? 'same-origin' : 'no-referrer' },
  })({} as IncomingMessage, response as unknown as ServerResponse, () => undefined);
  return headers;
}

export const HTML_HEADERS: Headers = {
  ...securityHeaders(true),
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
};

const ALLOWED_HEADERS =
  'authorization, content-type, if-none-match, x-request-id, traceparent, tracestate, x-apollo-operation-name, x-apollo-operation-id, apollographql-client-name, apollographql-client-version, apollo-require-preflight, x-requested-with';
const EXPOSED_HEADERS =
  'etag, x-request-id, ratelimit, ratelimit-policy, retry-after, www-authenticate, content-disposition, x-publication, x-publication-as-of-day, x-publication-check-state';

/** CORS headers: pages of listed origins may send requests with a token. They can never use cookies. */
export function crossOriginHeaders(
  origins: ReadonlySet<string>,
): (request: IncomingMessage) => Headers | undefined {
  return ({ headers: { origin } }) =>
    origin && origins.has(origin)
      ? {
          'access-control-allow-origin': origin,
          'access-control-allow-methods': 'GET, POST, PUT, HEAD',
          'access-control-allow-headers': ALLOWED_HEADERS,
          'access-control-expose-headers': EXPOSED_HEADERS,
          'access-control-max-age': '600',
          'cross-origin-resource-policy': 'cross-origin',
        }
      : undefined;
}
