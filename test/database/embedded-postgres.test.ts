import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { findBinaries } from '../../src/database/embedded/binaries.js';
import { useEmbeddedPostgres } from '../../src/database/embedded/embedded-postgres.js';
import { launchUnprivileged, ownerOf } from '../../src/database/embedded/unprivileged.js';

it('is made under a home where the initdb of a start that was killed is still at work', async () => {
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
