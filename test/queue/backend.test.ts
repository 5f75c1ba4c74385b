import { Redis } from 'ioredis';
import { describe, expect, test } from 'vitest';
import { openQueueBackend } from '../../src/queue/backend.js';
import { openQueueFixture } from './queue-fixture.js';
import { queuePlaces } from './queue-places.js';

const places = await queuePlaces();

describe.each(places)('the backend on $kind', (place) => {
  test('carries a job from a queue to a worker and tells of it, and closes all it made', async () => {
    const fixture = await openQueueFixture(place);
    const queue = fixture.backend.makeQueue('plain');
    const events = fixture.backend.makeQueueEvents('plain');
    await events.waitUntilReady();
    fixture.backend.makeWorker('plain', async (job) => job.data.number * 2);
    const job = await queue.add('double', { number: 21 });
    expect(await job.waitUntilFinished(events)).toBe(42);
    await fixture.close();
    await expect(queue.add('double', { number: 1 })).rejects.toThrow();
    expect(fixture.errors).toEqual([]);
  });
});

test.each([
  { kind: 'redis' as const, url: 'redis://127.0.0.1:1', prefix: 'x' },
  { kind: 'postgres' as const, connectionString: 'postgresql://nobody@127.0.0.1:1/none', schema: 'x' },
])('a silent $kind server is named at the start', async (location) => {
  await expect(openQueueBackend(location)).rejects.toMatchObject({
    code: 'queue-unreachable',
    message: expect.stringContaining('ECONNREFUSED'),
  });
});

describe.skipIf(!places.some((place) => place.kind === 'redis'))('Redis memory policy', () => {
  test('a Redis that may evict jobs is refused unless that is accepted', async () => {
    const location = places.find((place) => place.kind === 'redis')!.location('');
    if (location.kind !== 'redis') throw new Error('A Redis place has a Redis location.');
    const redis = new Redis(location.url);
    await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
    try {
      await expect(openQueueBackend(location)).rejects.toMatchObject({ code: 'redis-evicts' });
      const accepted = await openQueueBackend({ ...location, acceptEviction: true });
      await accepted.close();
    } finally {
      await redis.config('SET', 'maxmemory-policy', 'noeviction');
      await redis.quit();
    }
  });
});
