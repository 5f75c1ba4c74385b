import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { withHomeLock } from '../../src/database/embedded/home-lock.js';
import { processIdentity } from '../../src/database/embedded/process-identity.js';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'marquee-lock-'));
});
afterEach(() => rm(home, { recursive: true }));

it('only one caller at a time holds the lock, and no file is left afterwards', async () => {
  let inside = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 8 }, () =>
      withHomeLock(home, async () => {
        inside += 1;
        most = Math.max(most, inside);
        await sleep(5);
        inside -= 1;
      }),
    ),
  );
  expect(most).toBe(1);
  expect(await readdir(home)).toEqual([]);
});

it.each([
  ['that has ended', '999999999'],
  ['whose process id belongs to another process', `${process.pid} 1`],
  ['that is unknown', ''],
])('the lock of a holder %s is taken over', async (_what, holder) => {
  await writeFile(join(home, 'lock'), holder);
  const held = await withHomeLock(home, () => readFile(join(home, 'lock'), 'utf8'));
  expect(held).toBe(processIdentity());
});

it('a caller waits for the lock of a live holder', async () => {
  await writeFile(join(home, 'lock'), processIdentity());
  let got = false;
  const waiting = withHomeLock(home, async () => {
    got = true;
  });
  await sleep(200);
  expect(got).toBe(false);
  await rm(join(home, 'lock'));
  await waiting;
  expect(got).toBe(true);
});
