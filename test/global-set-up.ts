import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { useEmbeddedPostgres } from '../src/database/embedded/embedded-postgres.js';
import { migrate } from '../src/database/migrations/migrate.js';
import type { DatabaseUrls } from '../src/database/roles.js';
import { reportComments } from '../src/dataset/report-comments.js';
import { findRedis } from './queue/redis-server.js';

declare module 'vitest' {
  interface ProvidedContext {
    urls: DatabaseUrls;
    superuserUrl: string;
    home: string;
    /** Where there is none, the tests on Redis are skipped. */
    redisUrl: string | undefined;
    /** The folder of the homes that tests of the command line copy. */
    preparedHomes: string;
  }
}

interface TestServers {
  urls: DatabaseUrls;
  superuserUrl: string;
  home: string;
  redisUrl: string | undefined;
  stop(): Promise<void>;
}

// vitest runs the set-up once for each project and loads this module for each; all of them use one server.
const shared = globalThis as { testServers?: { started: Promise<TestServers>; users: number } };

/** One Postgres for the whole run, with one migrated database that test files clone, and one Redis. */
// biome-ignore lint/style/noDefaultExport: vitest calls the default export.
export default async function setUp(project: TestProject) {
  shared.testServers ??= { started: startServers(), users: 0 };
  const { testServers } = shared;
  testServers.users += 1;
  const { urls, superuserUrl, home, redisUrl, stop } = await testServers.started;
  project.provide('urls', urls);
  project.provide('superuserUrl', superuserUrl);
  project.provide('home', home);
  project.provide('redisUrl', redisUrl);
  project.provide('preparedHomes', join(home, 'prepared-homes'));
  return async () => {
    testServers.users -= 1;
    if (testServers.users === 0) await stop();
  };
}

async function startServers(): Promise<TestServers> {
  const home = await mkdtemp(join(tmpdir(), 'marquee-test-'));
  const server = await useEmbeddedPostgres(home, 'disposable');
  const redis = await findRedis();
  const stop = async () => {
    redis?.stop();
    await server.release();
    await rm(home, { recursive: true, force: true });
  };
  try {
    await migrate(server.urls.owner, {
      passwords: server.secrets.rolePasswords,
      comments: reportComments(),
      queueDatabase: 'marquee_queue',
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { urls: server.urls, superuserUrl: server.superuserUrl, home, redisUrl: redis?.url, stop };
}
