import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll } from 'vitest';
import type { QueueLocation } from '../../src/queue/backend/backend.js';

/** A place queues can live in during tests. */
export interface QueuePlace {
  kind: 'redis' | 'postgres';
  /** A location no other test file uses; `database` is where a Postgres queue goes. */
  location(database: string): QueueLocation;
}

/** Postgres always; Redis when one is reachable or can be started. Else the tests on it are skipped, loudly. */
export async function queuePlaces(): Promise<QueuePlace[]> {
  const postgres: QueuePlace = {
    kind: 'postgres',
    location: (connectionString) => ({ kind: 'postgres', connectionString, schema: 'queue' }),
  };
  const url = process.env.REDIS_URL ?? ((await answers(localRedis)) ? localRedis : await startRedis());
  if (url !== undefined) {
    const redis: QueuePlace = {
      kind: 'redis',
      location: () => ({ kind: 'redis', url, prefix: `marquee-test-${randomUUID()}` }),
    };
    return [postgres, redis];
  }
  const complaint =
    'No Redis: REDIS_URL is not set, 127.0.0.1:6379 is silent, and there is no redis-server program.';
  if (process.env.MARQUEE_REQUIRE_REDIS === '1')
    throw new Error(`${complaint} MARQUEE_REQUIRE_REDIS forbids a skip.`);
  process.stderr.write(`\n!!! ${complaint} THE QUEUE TESTS ON REDIS ARE SKIPPED.\n\n`);
  return [postgres];
}

/** Deletes what a test left in Redis; a Postgres queue goes with its database. */
export async function emptyPlace(location: QueueLocation): Promise<void> {
  if (location.kind !== 'redis') return;
  const redis = new Redis(location.url);
  for await (const keys of redis.scanStream({ match: `${location.prefix}:*`, count: 500 })) {
    if ((keys as string[]).length > 0) await redis.del(...(keys as string[]));
  }
  await redis.quit();
}

const localRedis = 'redis://127.0.0.1:6379';

async function answers(url: string): Promise<boolean> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null, connectTimeout: 1000 });
  redis.on('error', () => {});
  try {
    await redis.connect();
    return (await redis.ping()) === 'PONG';
  } catch {
    return false;
  } finally {
    redis.disconnect();
  }
}

/** Starts a Redis that ends with the test file; undefined when there is no program for it. Call it while tests are collected. */
export async function startRedis(): Promise<string | undefined> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'marquee-redis-'));
  const server = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''],
    { stdio: 'ignore' },
  );
  let missing = false;
  server.on('error', () => {
    missing = true;
  });
  // Not on the process's exit: vitest ends its processes without one.
  afterAll(() => {
    server.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  const url = `redis://127.0.0.1:${port}`;
  for (let tries = 0; tries < 50 && !missing && server.exitCode === null; tries += 1) {
    if (await answers(url)) return url;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return undefined;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
