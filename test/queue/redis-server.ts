import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll } from 'vitest';

const localRedis = 'redis://127.0.0.1:6379';

interface RedisServer {
  url: string;
  stop(): void;
}

/**
 * The Redis of a test run: the one that REDIS_URL names, else the local one, else one that is started for the run.
 * @returns undefined where there is none and no program to start one
 */
export async function findRedis(): Promise<RedisServer | undefined> {
  const given = process.env.REDIS_URL ?? ((await answers(localRedis)) ? localRedis : undefined);
  return given === undefined ? launchRedis() : { url: given, stop: () => undefined };
}

/** Starts a Redis that ends with the test file; undefined when there is no program for it. Call it while tests are collected. */
export async function startRedis(): Promise<string | undefined> {
  const server = await launchRedis();
  // Not on the process's exit: vitest ends its processes without one.
  afterAll(() => server?.stop());
  return server?.url;
}

async function launchRedis(): Promise<RedisServer | undefined> {
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
  const stop = () => {
    server.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  const url = `redis://127.0.0.1:${port}`;
  for (let tries = 0; tries < 50 && !missing && server.exitCode === null; tries += 1) {
    if (await answers(url)) return { url, stop };
    await sleep(100);
  }
  stop();
  return undefined;
}

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
