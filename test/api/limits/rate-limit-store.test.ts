import { Redis } from 'ioredis';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { RateLimiter } from '../../../src/api/limits/rate-limit.js';
import { memoryRateLimits, sharedRateLimits } from '../../../src/api/limits/rate-limit-store.js';
import { startRedis } from '../../queue/redis-server.js';

afterEach(() => vi.useRealTimers());

describe('rate limits of one process', () => {
  it('start a new window when the old one has passed', async () => {
    vi.useFakeTimers({ now: 0 });
    const store = memoryRateLimits();
    expect(await store.take('a', 5, 60)).toEqual({ used: 5, resetSeconds: 60 });
    vi.setSystemTime(59_999);
    expect(await store.take('a', 1, 60)).toEqual({ used: 6, resetSeconds: 1 });
    vi.setSystemTime(60_000);
    expect(await store.take('a', 1, 60)).toEqual({ used: 1, resetSeconds: 60 });
  });
});

const url = await startRedis();
if (url === undefined && process.env.MARQUEE_REQUIRE_REDIS === '1')
  throw new Error('Cannot start redis-server, and MARQUEE_REQUIRE_REDIS forbids a skip.');

describe.skipIf(url === undefined)('rate limits in Redis', () => {
  const caller = { clientId: 'a', subject: 'a', scopes: new Set<never>(), tokenId: 't', expiresAt: 0 };
  const rights = { key: 'all', quotas: { requestsPerMinute: 2 } };

  async function connected(prefix: string) {
    const redis = new Redis(url!, { maxRetriesPerRequest: 1 });
    redis.on('error', () => undefined);
    await redis.ping();
    const messages: string[] = [];
    const note = (_: object, message: string) => void messages.push(message);
    const logger = { info: note, warn: note, error: note };
    const limiter = () => new RateLimiter(sharedRateLimits(redis, prefix, logger));
    return { redis, messages, limiter };
  }

  it('are shared by all processes, and counted by each alone after the connection is lost', async () => {
    const { redis, messages, limiter } = await connected('lost');
    const [one, two] = [limiter(), limiter()];
    await one.take('requests', caller, rights);
    await two.take('requests', caller, rights);
    await expect(one.take('requests', caller, rights)).rejects.toThrow('rate limit exceeded');
    redis.disconnect();
    await expect(two.take('requests', caller, rights)).resolves.toMatchObject({
      ratelimit: '"requests";r=1;t=60',
    });
    expect(messages).toHaveLength(1);
  });

  it('are counted by each process alone while Redis is frozen, without long waits', async () => {
    const { redis, messages, limiter } = await connected('frozen');
    const frozen = limiter();
    await frozen.take('requests', caller, rights);
    const pid = Number(/process_id:(\d+)/.exec(await redis.info('server'))![1]);
    process.kill(pid, 'SIGSTOP');
    try {
      const started = performance.now();
      for (const left of [1, 0]) {
        await expect(frozen.take('requests', caller, rights)).resolves.toMatchObject({
          ratelimit: `"requests";r=${left};t=60`,
        });
      }
      await expect(frozen.take('requests', caller, rights)).rejects.toThrow('rate limit exceeded');
      // Only the first request waits for the timeout of 250 ms.
      expect(performance.now() - started).toBeLessThan(2_000);
      expect(messages).toEqual([expect.stringContaining('counts rate limits alone')]);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await vi.waitFor(
      async () => {
        await frozen.take('cost', caller, rights);
        expect(messages.at(-1)).toContain('responds again');
      },
      { timeout: 10_000, interval: 200 },
    );
    redis.disconnect();
  });
});
