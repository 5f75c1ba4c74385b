import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { inject } from 'vitest';
import type { QueueLocation } from '../../src/queue/backend/backend.js';

/** A place queues can live in during tests. */
export interface QueuePlace {
  kind: 'redis' | 'postgres';
  /** A location no other test file uses; `database` is where a Postgres queue goes. */
  location(database: string): QueueLocation;
}

/** Postgres always, and Redis when the run has one. Else the tests on Redis are skipped, with a message. */
export function queuePlaces(): QueuePlace[] {
  const postgres: QueuePlace = {
    kind: 'postgres',
    location: (connectionString) => ({ kind: 'postgres', connectionString, schema: 'queue' }),
  };
  const url = inject('redisUrl');
  if (url !== undefined) {
    const redis: QueuePlace = {
      kind: 'redis',
      location: () => ({ kind: 'redis', url, prefix: `marquee-test-${randomUUID()}` }),
    };
    return [postgres, redis];
  }
  const complaint =
    'No Redis: REDIS_URL is not set, 127.0.0.1:6379 does not answer, and redis-server could not be started.';
  if (process.env.MARQUEE_REQUIRE_REDIS === '1')
    throw new Error(`${complaint} MARQUEE_REQUIRE_REDIS forbids a skip.`);
  process.stderr.write(`\n!!! ${complaint} THE QUEUE TESTS ON REDIS ARE SKIPPED.\n\n`);
  return [postgres];
}

/** Deletes what a test left in Redis; a Postgres queue is dropped with its database. */
export async function emptyPlace(location: QueueLocation): Promise<void> {
  if (location.kind !== 'redis') return;
  const redis = new Redis(location.url);
  for await (const keys of redis.scanStream({ match: `${location.prefix}:*`, count: 500 })) {
    if ((keys as string[]).length > 0) await redis.del(...(keys as string[]));
  }
  await redis.quit();
}
