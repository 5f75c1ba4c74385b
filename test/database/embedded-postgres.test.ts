import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, mkdir, mkdtemp, readdir, rm, truncate } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { expect, it } from 'vitest';
import { findBinaries } from '../../src/database/embedded/binaries.js';
import { findEmbeddedPostgres, useEmbeddedPostgres } from '../../src/database/embedded/embedded-postgres.js';
import { launchUnprivileged, ownerOf } from '../../src/database/embedded/unprivileged.js';

it('initializes in a home where the initdb of a killed start is still running', async () => {
  const home = await mkdtemp(join(tmpdir(), 'marquee-initdb-'));
  const folder = join(home, 'postgres');
  const left = join(folder, 'data.new');
  const { initdb } = findBinaries();
  const launch = launchUnprivileged([initdb, dirname(home)]);
  const owner = ownerOf(launch);
  for (const path of [home, await mkdir(folder, { recursive: true })]) {
    if (owner !== undefined) {
      await chown(path!, owner.uid, owner.gid);
    }
  }
  const [program = '', ...parameters] = [...launch.prefix, initdb, `--pgdata=${left}`, '--no-sync'];
  const orphan = spawn(program, parameters, { ...launch.user, cwd: folder, stdio: 'ignore' });
  const ended = new Promise((resolve) => orphan.once('exit', resolve));
  while (!existsSync(join(left, 'base'))) {
    await sleep(5);
  }

  const server = await useEmbeddedPostgres(home, 'disposable');
  await ended;
  await server.release();
  expect((await readdir(folder)).filter((name) => name.startsWith('data'))).toEqual(['data']);
  await rm(home, { recursive: true });
});

it('starts at once when a rolled-back table left a file that recovery fails on', async () => {
  const home = await mkdtemp(join(tmpdir(), 'marquee-recovery-'));
  const killed = await useEmbeddedPostgres(home, 'disposable');
  const { rows } = await query(killed.superuserUrl, [
    'create unlogged table build (id integer)',
    "select pg_relation_filepath('build') as path",
  ]);
  // Stops without a checkpoint, like a kill.
  await killed.release();
  // The state that a rollback leaves when the log does not mention it yet, since nothing waits for the log.
  const file = join(home, 'postgres', 'data', rows[0].path);
  await rm(`${file}_init`);
  await truncate(file);

  const server = await useEmbeddedPostgres(home, 'disposable');
  expect((await query(server.superuserUrl, ['select from build'])).rowCount).toBe(0);
  await server.release();
  await rm(home, { recursive: true });
});

async function query(connectionString: string, statements: string[]): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    let result: pg.QueryResult | undefined;
    for (const statement of statements) result = await client.query(statement);
    return result!;
  } finally {
    await client.end();
  }
}

it('keeps its port, and takes another one only while another process uses it', async () => {
  const home = await mkdtemp(join(tmpdir(), 'marquee-port-'));
  const portOf = ({ superuserUrl }: { superuserUrl: string }) => Number(new URL(superuserUrl).port);
  const first = await useEmbeddedPostgres(home, 'disposable');
  const port = portOf(first);
  expect((await findEmbeddedPostgres(home))!.running).toBe(true);
  await first.release();
  const found = (await findEmbeddedPostgres(home))!;
  expect([found.running, Number(new URL(found.urls.bi).port)]).toEqual([false, port]);

  const again = await useEmbeddedPostgres(home, 'disposable');
  expect(portOf(again)).toBe(port);
  await again.release();

  const other = createServer().listen(port, '127.0.0.1');
  await expect(useEmbeddedPostgres(home, 'disposable', port)).rejects.toThrow(/set another POSTGRES_PORT/);
  const elsewhere = await useEmbeddedPostgres(home, 'disposable');
  expect(portOf(elsewhere)).not.toBe(port);
  await elsewhere.release();
  other.close();
  await rm(home, { recursive: true });
});
