import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { useEmbeddedPostgres } from '../src/database/embedded/embedded-postgres.js';
import { migrate } from '../src/database/migrations/migrate.js';
import type { DatabaseUrls } from '../src/database/roles.js';
import { reportComments } from '../src/dataset/report-comments.js';

declare module 'vitest' {
  interface ProvidedContext {
    urls: DatabaseUrls;
    superuserUrl: string;
    home: string;
    /** The folder of the homes that tests of the command line copy. */
    preparedHomes: string;
  }
}

interface TestServer {
  urls: DatabaseUrls;
  superuserUrl: string;
  home: string;
  stop(): Promise<void>;
}

// vitest runs the set-up once for each project and loads this module for each; all of them use one server.
const shared = globalThis as { testServer?: { server: Promise<TestServer>; users: number } };

/** One Postgres for the whole run, with one migrated database that test files clone. */
// biome-ignore lint/style/noDefaultExport: vitest calls the default export.
export default async function setUp(project: TestProject) {
  shared.testServer ??= { server: startServer(), users: 0 };
  const { testServer } = shared;
  testServer.users += 1;
  const { urls, superuserUrl, home, stop } = await testServer.server;
  project.provide('urls', urls);
  project.provide('superuserUrl', superuserUrl);
  project.provide('home', home);
  project.provide('preparedHomes', join(home, 'prepared-homes'));
  return async () => {
    testServer.users -= 1;
    if (testServer.users === 0) await stop();
  };
}

async function startServer(): Promise<TestServer> {
  const home = await mkdtemp(join(tmpdir(), 'marquee-test-'));
  const server = await useEmbeddedPostgres(home, 'disposable');
  const stop = async () => {
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
  return { urls: server.urls, superuserUrl: server.superuserUrl, home, stop };
}
