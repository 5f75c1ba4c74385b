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
  }
}

/** One Postgres for the whole run, with one migrated database that every test file clones. */
// biome-ignore lint/style/noDefaultExport: vitest calls the default export.
export default async function setUp(project: TestProject) {
  const home = await mkdtemp(join(tmpdir(), 'marquee-test-'));
  const server = await useEmbeddedPostgres(home, 'disposable');
  const tearDown = async () => {
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
    await tearDown();
    throw error;
  }
  project.provide('urls', server.urls);
  project.provide('superuserUrl', server.superuserUrl);
  project.provide('home', home);
  return tearDown;
}
