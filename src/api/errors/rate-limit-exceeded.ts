import { apiError } from './api-error.js';

/** A caller has used up one of its quotas. */
export class RateLimitExceeded extends Error {
  readonly error;

  constructor(
    kind: RateLimitKind,
    quota: number,
    used: number,
    windowSeconds: number,
    readonly retryAfterSeconds: number,
    readonly headers: RateLimitHeaders,
  ) {
    super('rate limit exceeded');
    const text = `Rate limit exceeded: ${grouped(used)} of ${grouped(quota)} ${UNITS[kind]} per ${windowSeconds} s. Retry in ${retryAfterSeconds} s.`;
    this.error = apiError('RATE_LIMITED', text);
    this.error.extensions.limit = { name: `${kind} in ${windowSeconds} s`, allowed: quota, actual: used };
  }
}

/** The headers of draft-ietf-httpapi-ratelimit-headers-10. */
export interface RateLimitHeaders {
  readonly 'ratelimit-policy': string;
  readonly ratelimit: string;
}

/** The headers that describe a quota and what is left of it. */
export function rateLimitHeaders(
  kind: RateLimitKind,
  quota: number,
  windowSeconds: number,
  left: number,
  resetSeconds: number,
): RateLimitHeaders {
  return {
    'ratelimit-policy': `"${kind}";q=${quota};w=${windowSeconds}`,
    ratelimit: `"${kind}";r=${left};t=${resetSeconds}`,
  };
}

/** What is limited, under its name in the RateLimit headers. */
export type RateLimitKind = 'requests' | 'cost' | 'exports' | 'statement-time';

const UNITS: Record<RateLimitKind, string> = {
  requests: 'requests',
  cost: 'cost units',
  exports: 'exports',
  'statement-time': 'seconds of statement time',
};

function grouped(number: number): string {
  return number.toLocaleString('en-US');
}
