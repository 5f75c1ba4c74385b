import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { describe, expect, test } from 'vitest';
import { openQueueBackend } from '../../../src/queue/backend/backend.js';
import { openQueueFixture, type QueueFixture } from '../queue-fixture.js';
import { queuePlaces } from '../queue-places.js';
import { startRedis } from '../redis-server.js';

describe.each(queuePlaces())('the backend on $kind', (place) => {
  test('takes a job from a queue to a worker, reports that it ended, and closes everything it created', async () => {
    const fixture = await openQueueFixture(place);
    const queue = fixture.backend.makeQueue('plain');
    const events = fixture.backend.makeQueueEvents('plain');
    await events.waitUntilReady();
    fixture.backend.makeWorker('plain', async (job) => job.data.number * 2);
    const job = await queue.add('double', { number: 21 });
    expect(await job.waitUntilFinished(events)).toBe(42);
    expect(await connections(fixture)).toBeGreaterThan(0);
    await fixture.backend.close();
    await fixture.backend.close();
    while ((await connections(fixture)) > 0) await sleep(20);
    expect(fixture.errors).toEqual([]);
    await fixture.close();
  });
});

test('a Postgres that ends its connections while a backend opens or closes does not end the process', async () => {
  const [place] = queuePlaces();
  const fixture = await openQueueFixture(place!);
  // An event that nobody hears would end the process; here it fails the run.
  for (let round = 0; round < 24; round++) {
    const backend = await openQueueBackend(fixture.location);
    const events = backend.makeQueueEvents('plain');
    const worker = backend.makeWorker('plain', async () => {});
    if (round % 2 === 0) {
      await Promise.all([events.waitUntilReady(), worker.waitUntilReady()]);
      await Promise.all([endConnections(fixture), backend.close()]);
    } else {
      await sleep(5 * round);
      await endConnections(fixture);
      await backend.close();
    }
  }
  await fixture.close();
});

test('queues and workers on Postgres share their connections; only listeners have their own', async () => {
  const [place] = queuePlaces();
  const fixture = await openQueueFixture(place!);
  const before = await connections(fixture);
  const names = Array.from({ length: 8 }, (_, index) => `shared-${index}`);
  const workers = names.map((name) => fixture.backend.makeWorker(name, async () => {}));
  await Promise.all(workers.map((worker) => worker.waitUntilReady()));
  for (const name of names) await fixture.backend.makeQueue(name).getJobCounts();
  // 8 listeners and the shared 6; when each queue and worker had a pool of its own, 24 or more.
  expect((await connections(fixture)) - before).toBeLessThanOrEqual(8 + 6);
  await fixture.close();
});

test.each([
  { kind: 'redis' as const, url: 'redis://127.0.0.1:1', prefix: 'x' },
  { kind: 'postgres' as const, connectionString: 'postgresql://nobody@127.0.0.1:1/none', schema: 'x' },
])('a silent $kind server is named at the start', async (location) => {
  await expect(openQueueBackend(location)).rejects.toMatchObject({
    code: 'queue_unreachable',
    message: expect.stringContaining('ECONNREFUSED'),
  });
});

// The memory policy belongs to the whole server, so its test needs one of its own.
const url = await startRedis();

test('a Redis that may evict jobs is refused by default, and accepted when the risk is accepted', async (context) => {
  if (url === undefined) return context.skip('there is no redis-server program to start');
  const location = { kind: 'redis' as const, url, prefix: 'x' };
  const redis = new Redis(url);
  await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
  await redis.quit();
  await expect(openQueueBackend(location)).rejects.toMatchObject({ code: 'redis_evicts' });
  const accepted = await openQueueBackend({ ...location, acceptEviction: true });
  await accepted.close();
});

/** As a server does that stops. */
async function endConnections({ location }: QueueFixture): Promise<void> {
  if (location.kind !== 'postgres') return;
  const client = new Client({ connectionString: location.connectionString });
  await client.connect();
  await client.query(
    // A vacuum that is at work there is not the role's to end.
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and usename = current_user and pid <> pg_backend_pid()`,
  );
  await client.end();
}

/** How many connections the backend of a fixture holds. */
async function connections({ location }: QueueFixture): Promise<number> {
  if (location.kind === 'redis') {
    const redis = new Redis(location.url);
    const list = String(await redis.client('LIST'));
    await redis.quit();
    return list.split('\n').filter((line) => line.includes(`name=${location.prefix}`)).length;
  }
  const client = new Client({ connectionString: location.connectionString });
  await client.connect();
  const found = await client.query<{ count: number }>(
    'select count(*)::int from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  );
  await client.end();
  return found.rows[0]!.count;
}
