import type { Redis } from 'ioredis';
import {
  RateLimiterMemory,
  RateLimiterRedis,
  type RateLimiterRes,
  RLWrapperTimeouts,
} from 'rate-limiter-flexible';
import type { ApiLogger } from '../api-logger.js';

/** What a key has used in its current window. */
interface WindowUse {
  readonly used: number;
  readonly resetSeconds: number;
}

/** Counts what keys use per window. */
export interface RateLimitStore {
  /** Whether the counts are shared with other processes now; undefined if they never are. */
  readonly isShared?: () => boolean;
  take(key: string, amount: number, windowSeconds: number): Promise<WindowUse>;
}

// The store only counts: quotas differ by caller, so `RateLimiter` compares. `penalty` counts without a limit.
const COUNT_ONLY = { points: Number.MAX_SAFE_INTEGER, duration: 60 };

/** Counts within this process. */
export function memoryRateLimits(): RateLimitStore {
  const limiter = new RateLimiterMemory(COUNT_ONLY);
  return {
    take: async (key, amount, windowSeconds) =>
      windowUse(await limiter.penalty(key, amount, { customDuration: windowSeconds })),
  };
}

/** How long a request waits for Redis, in ms. A healthy one answers in less than one. */
const REDIS_TIMEOUT_MS = 250;
/** How long this process counts alone after Redis failed, in ms, so that not every request waits for the timeout. */
const LOCAL_MS = 1_000;

/**
 * Counts in Redis, for all API processes together. While Redis is down or frozen, each process counts alone: a limit
 * that is too generous for a moment is better than a service that refuses or delays everyone.
 */
export function sharedRateLimits(redis: Redis, prefix: string, logger: ApiLogger): RateLimitStore {
  let localUntil = 0;
  let local = false;
  const insurance = new InsuranceLimiter(COUNT_ONLY, () => {
    localUntil = Date.now() + LOCAL_MS;
    if (!local) logger.warn({}, 'Redis does not respond. Each API process counts rate limits alone for now.');
    local = true;
  });
  const shared = new RLWrapperTimeouts({
    // No insurance here: a call that fails after its timeout would count twice.
    limiter: new RateLimiterRedis({
      ...COUNT_ONLY,
      keyPrefix: `${prefix}:rate-limit`,
      storeClient: redis,
      rejectIfRedisNotReady: true,
    }),
    timeoutMs: REDIS_TIMEOUT_MS,
    insuranceLimiter: insurance,
  });
  return {
    isShared: () => !local,
    async take(key, amount, windowSeconds) {
      const options = { customDuration: windowSeconds };
      if (Date.now() < localUntil) return windowUse(await insurance.count(key, amount, options));
      const use = windowUse(await shared.penalty(key, amount, options));
      if (local && Date.now() >= localUntil) {
        local = false;
        logger.info({}, 'Redis responds again. All API processes share their rate limits.');
      }
      return use;
    },
  };
}

/** Counts in memory, and reports when it is used in place of Redis. */
class InsuranceLimiter extends RateLimiterMemory {
  readonly #onUse: () => void;

  constructor(options: typeof COUNT_ONLY, onUse: () => void) {
    super(options);
    this.#onUse = onUse;
  }

  override penalty(...call: Parameters<RateLimiterMemory['penalty']>): Promise<RateLimiterRes> {
    this.#onUse();
    return super.penalty(...call);
  }

  count(...call: Parameters<RateLimiterMemory['penalty']>): Promise<RateLimiterRes> {
    return super.penalty(...call);
  }
}

function windowUse({ consumedPoints, msBeforeNext }: RateLimiterRes): WindowUse {
  return { used: consumedPoints, resetSeconds: Math.max(Math.ceil(msBeforeNext / 1000), 1) };
}
