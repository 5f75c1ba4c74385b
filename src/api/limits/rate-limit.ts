import type { Redis } from 'ioredis';
import type { Caller } from '../../auth/caller.js';
import type { CallerRights, Quotas } from '../access/caller-policy.js';
import type { ApiLogger } from '../api-logger.js';
import type { Kind, RateLimitHeaders } from '../errors/rate-limit-exceeded.js';
import { RateLimitExceeded } from '../errors/rate-limit-exceeded.js';

/** How much of an allowance is used in its current window, after taking some of it. */
interface Taken {
  readonly used: number;
  readonly resetSeconds: number;
}

/** Counts what is used of rateLimiter. */
export interface RateLimitStore {
  take(key: string, amount: number, windowSeconds: number): Taken | Promise<Taken>;
}

/** What every caller may use unless its policy says otherwise. */
export const DEFAULT_QUOTAS = {
  requestsPerMinute: 1200,
  costPerMinute: 1_000_000,
  exportsPerHour: 120,
} as const satisfies Quotas;

const WINDOW_SECONDS: Record<Kind, number> = { requests: 60, cost: 60, exports: 3600 };
const QUOTA: Record<Kind, keyof typeof DEFAULT_QUOTAS> = {
  requests: 'requestsPerMinute',
  cost: 'costPerMinute',
  exports: 'exportsPerHour',
};

/** Takes requests and their cost off what each caller may use. */
export class RateLimiter {
  constructor(
    readonly store: RateLimitStore,
    readonly defaults: Quotas = {},
  ) {}

  /** @throws RATE_LIMITED with the limit, what was found and when to come again. */
  async take(kind: Kind, caller: Caller, rights: CallerRights, amount = 1): Promise<RateLimitHeaders> {
    const name = QUOTA[kind];
    const window = WINDOW_SECONDS[kind];
    const quota = rights.quotas[name] ?? this.defaults[name] ?? DEFAULT_QUOTAS[name];
    const taken = this.store.take(`${kind} ${caller.clientId} ${caller.subject}`, amount, window);
    const { used, resetSeconds } = taken instanceof Promise ? await taken : taken;
    const headers = {
      'ratelimit-policy': `"${kind}";q=${quota};w=${window}`,
      ratelimit: `"${kind}";r=${Math.max(quota - used, 0)};t=${resetSeconds}`,
    };
    if (used <= quota) return headers;
    throw new RateLimitExceeded(kind, quota, used, window, resetSeconds, headers);
  }
}

const MAX_KEYS = 50_000;

/** Counts within this process. */
export function memoryAllowances(now: () => number = Date.now): RateLimitStore {
  const windows = new Map<string, { ends: number; used: number }>();
  return {
    take(key, amount, windowSeconds) {
      const at = now();
      let window = windows.get(key);
      if (!window || window.ends <= at) {
        if (windows.size >= MAX_KEYS) {
          for (const [each, { ends }] of windows) if (ends <= at) windows.delete(each);
        }
        window = { ends: at + windowSeconds * 1000, used: 0 };
        windows.set(key, window);
      }
      window.used += amount;
      return { used: window.used, resetSeconds: Math.ceil((window.ends - at) / 1000) };
    },
  };
}

/** One step in Redis, so that two processes cannot both open a window. */
const TAKE = `
local used = redis.call('incrby', KEYS[1], ARGV[1])
if used == tonumber(ARGV[1]) then redis.call('pexpire', KEYS[1], ARGV[2]) end
return {used, redis.call('pttl', KEYS[1])}`;

/**
 * Counts in Redis, for all processes together. While Redis does not answer each process counts for itself: a limit that
 * is too wide for a moment harms less than a service that refuses everyone.
 */
export function sharedAllowances(redis: Redis, prefix: string, logger: ApiLogger): RateLimitStore {
  const own = memoryAllowances();
  return {
    async take(key, amount, windowSeconds) {
      try {
        const answer = await redis.eval(TAKE, 1, `${prefix}:allowance:${key}`, amount, windowSeconds * 1000);
        const [used, left] = answer as [number, number];
        return { used, resetSeconds: Math.max(Math.ceil(left / 1000), 1) };
      } catch (error) {
        logger.warn({ err: error }, 'rateLimiter are counted by each process alone: Redis does not answer');
        return own.take(key, amount, windowSeconds);
      }
    },
  };
}
