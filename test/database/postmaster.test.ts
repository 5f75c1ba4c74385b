import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { findPostmaster } from '../../src/database/embedded/postmaster.js';

describe('the server of a data folder', () => {
  let folder: string;
  const file = () => join(folder, 'postmaster.pid');
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'marquee-postmaster-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const leaveFile = (pid: number) =>
    writeFile(file(), `${pid}\n${folder}\n1795439852\n5432\n\n127.0.0.1\n12 34\nready   \n`);

  it('is found while it runs', async () => {
    const port = Number(new URL(inject('superuserUrl')).port);
    expect(await findPostmaster(join(inject('home'), 'postgres/data'))).toMatchObject({ port, ready: true });
  });

  it('is not found without a postmaster.pid', async () => {
    expect(await findPostmaster(folder)).toBeUndefined();
  });

  it('is not confused with another process that has the same id', async () => {
    await leaveFile(process.pid);
    expect(await findPostmaster(folder)).toBeUndefined();
    expect(existsSync(file())).toBe(false);
  });

  it('is not confused with the Postgres of another folder', async () => {
    const other = await findPostmaster(join(inject('home'), 'postgres/data'));
    await leaveFile(other!.pid);
    expect(await findPostmaster(folder)).toBeUndefined();
    expect(existsSync(file())).toBe(false);
  });

  // Only Linux reports zombies.
  it.skipIf(!existsSync('/proc/self/cmdline'))('has ended when it is a zombie', async () => {
    // The shell becomes a sleep, which never collects the child that it inherits.
    const parent = spawn('sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 30'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const pid = await new Promise<number>((resolve) => {
      parent.stdout.once('data', (text) => resolve(Number(text)));
    });
    await vi.waitUntil(() => readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z '));
    await leaveFile(pid);
    expect(await findPostmaster(folder)).toBeUndefined();
    expect(existsSync(file())).toBe(false);
    parent.kill();
  });
});
