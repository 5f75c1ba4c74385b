import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useDatabase } from '../database-fixture.js';
import { useHomes } from './homes.js';
import { type Running, run, start } from './marquee.js';

const newHome = useHomes();
const database = useDatabase({ queues: true });
let home: string;
let folder: string;

beforeAll(async () => {
  home = await newHome();
  folder = await mkdtemp(join(tmpdir(), 'marquee-loaded-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let commands = 0;
/** An environment in which a process writes down the modules it has loaded, and how to read them when it has ended. */
function observed(environment: Record<string, string> = {}) {
  commands += 1;
  const coverage = join(folder, String(commands));
  return {
    environment: { ...environment, NODE_V8_COVERAGE: coverage },
    loaded: () =>
      readdirSync(coverage)
        .flatMap((name) => JSON.parse(readFileSync(join(coverage, name), 'utf8')).result as { url: string }[])
        .map(({ url }) => url),
  };
}

/** Where the server says it can be reached, once it runs. */
async function announced(server: Running): Promise<{ apiUrl: string }> {
  const ended = server.ended.then(({ stderr }) => {
    throw new Error(`The server ended: ${stderr}`);
  });
  for (;;) {
    const text = await readFile(join(home, 'server.json'), 'utf8').catch(() => '');
    if (text.endsWith('}')) return JSON.parse(text);
    await Promise.race([sleep(100), ended]);
  }
}

const isClient = (url: string) => /\/@prisma\/client\/|\/database\/client\//.test(url);
const isProgram = (url: string) => url.endsWith('/dist/src/cli/main.js');

describe('Prisma Client', () => {
  it('is not loaded by --help', async () => {
    const { environment, loaded } = observed();
    expect(await run(home, ['--help'], environment)).toMatchObject({ code: 0 });
    expect(loaded().filter(isProgram)).not.toEqual([]);
    expect(loaded().filter(isClient)).toEqual([]);
  });

  it('is not loaded by the API, nor by a command that asks the running server', {
    timeout: 180_000,
  }, async () => {
    const api = observed({
      DATABASE_READER_URL: database.urls.reader,
      DATABASE_QUEUE_URL: database.urls.queue,
      ALLOW_DEVELOPMENT_ISSUER: 'true',
    });
    const server = start(home, ['api'], api.environment);
    const { apiUrl } = await announced(server);
    const asking = observed();
    const token = await run(home, ['token', '--client', 'demo-admin'], asking.environment);
    expect(token).toMatchObject({ code: 0 });
    const answer = await fetch(`${apiUrl}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token.stdout.trim()}` },
      body: JSON.stringify({ query: '{ genreReport { nodes { genreName } } runs { nodes { id } } }' }),
    });
    // Without a worker, the runs are not available; the API has then waited for one on the queue.
    expect(JSON.stringify(await answer.json())).toContain('QUEUE_UNAVAILABLE');
    server.child.kill('SIGTERM');
    expect(await server.ended).toMatchObject({ code: 0 });
    for (const urls of [asking.loaded(), api.loaded()]) {
      expect(urls.filter(isProgram)).not.toEqual([]);
      expect(urls.filter(isClient)).toEqual([]);
    }
  });

  it('is loaded by a command that reads the ledger, so that this test can see it', async () => {
    const { environment, loaded } = observed({ DATABASE_PIPELINE_URL: database.urls.pipeline });
    const { code, stderr } = await run(home, ['runs', '--json'], environment);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(loaded().filter(isClient)).not.toEqual([]);
  });
});
