import { apiError } from './api-error.js';

/** An allowance is used up. */
export class RateLimitExceeded extends Error {
  readonly error;

  constructor(
    kind: Kind,
    quota: number,
    used: number,
    windowSeconds: number,
    readonly retryAfterSeconds: number,
    readonly headers: RateLimitHeaders,
  ) {
    super('used up');
    const text = `The allowance of ${kind} is ${quota} in ${windowSeconds} s, and this makes ${used}: come again in ${retryAfterSeconds} s.`;
    this.error = apiError('RATE_LIMITED', text);
    this.error.extensions.limit = { name: `${kind} in ${windowSeconds} s`, allowed: quota, actual: used };
  }
}

/** The headers of draft-ietf-httpapi-ratelimit-headers-10. */
export interface RateLimitHeaders {
  readonly 'ratelimit-policy': string;
  readonly ratelimit: string;
}

/** A kind of allowance, as the RateLimit headers name it. */
export type Kind = 'requests' | 'cost' | 'exports';
