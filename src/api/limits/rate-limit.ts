import type { Caller } from '../../auth/caller.js';
import type { CallerRights, Quotas } from '../access/caller-policy.js';
import {
  RateLimitExceeded,
  type RateLimitHeaders,
  type RateLimitKind,
  rateLimitHeaders,
} from '../errors/rate-limit-exceeded.js';
import type { RateLimitStore } from './rate-limit-store.js';

/** Quotas of callers whose policy sets none. */
export const DEFAULT_QUOTAS = {
  requestsPerMinute: 1200,
  costPerMinute: 1_000_000,
  exportsPerHour: 120,
} as const satisfies Quotas;

/** Statement time is counted by `DatabaseShare`. */
type CountedKind = Exclude<RateLimitKind, 'statement-time'>;

const WINDOW_SECONDS: Record<CountedKind, number> = { requests: 60, cost: 60, exports: 3600 };
const QUOTA: Record<CountedKind, keyof typeof DEFAULT_QUOTAS> = {
  requests: 'requestsPerMinute',
  cost: 'costPerMinute',
  exports: 'exportsPerHour',
};

/** Counts requests, their cost and exports against the quotas of each caller. */
export class RateLimiter {
  constructor(
    readonly store: RateLimitStore,
    readonly defaults: Quotas = {},
  ) {}

  /** @throws RateLimitExceeded with the quota, what was used and when to retry */
  async take(kind: CountedKind, caller: Caller, rights: CallerRights, amount = 1): Promise<RateLimitHeaders> {
    const name = QUOTA[kind];
    const window = WINDOW_SECONDS[kind];
    const quota = rights.quotas[name] ?? this.defaults[name] ?? DEFAULT_QUOTAS[name];
    const key = `${kind} ${caller.clientId} ${caller.subject}`;
    const { used, resetSeconds } = await this.store.take(key, amount, window);
    const headers = rateLimitHeaders(kind, quota, window, Math.max(quota - used, 0), resetSeconds);
    if (used <= quota) return headers;
    throw new RateLimitExceeded(kind, quota, used, window, resetSeconds, headers);
  }
}
