import { randomUUID } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../fault.js';
import { isAlive, processIdentity } from './process-identity.js';

const lockTimeoutMs = 120_000;

/**
 * Runs `work` while no other process does the same in this home. The lock names its holder, so the lock of a process that
 * was killed is taken over at once.
 * @throws Failure `home_locked` when the lock is not released within two minutes
 */
export async function withHomeLock<T>(home: string, work: () => Promise<T>): Promise<T> {
  const path = join(home, 'lock');
  const deadline = Date.now() + lockTimeoutMs;
  while (!(await tryLock(path))) {
    if (Date.now() > deadline) {
      throw new Failure(
        'home_locked',
        `${path} has been held for ${lockTimeoutMs / 1000} seconds by process ${await readFile(path, 'utf8')}. Wait for that process or end it.`,
      );
    }
    await sleep(50);
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function tryLock(path: string): Promise<boolean> {
  // A process that is killed between creating and writing a file would leave a lock without a holder; a link is atomic.
  const own = `${path}.${randomUUID()}`;
  await writeFile(own, processIdentity());
  try {
    await link(own, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw error;
    }
  } finally {
    await rm(own, { force: true });
  }
  const holder = await readFile(path, 'utf8').catch(() => undefined);
  if (holder !== undefined && !isAlive(holder)) {
    await removeDead(path);
  }
  return false;
}

/** Removes the lock of a process that has ended. */
async function removeDead(path: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
    // Another process may have found the same dead holder first, and this may be its lock: put it back.
    if (isAlive(await readFile(aside, 'utf8'))) {
      await link(aside, path);
    }
  } catch (error) {
    if (!['ENOENT', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) {
      throw error;
    }
  } finally {
    await rm(aside, { force: true });
  }
}

/** Registers this process as a user of the server of this home. */
export async function registerProcess(home: string): Promise<void> {
  await mkdir(join(home, 'processes'), { recursive: true });
  await writeFile(join(home, 'processes', String(process.pid)), processIdentity());
}

/**
 * Removes this process from the registered users.
 * @returns whether it was the last one alive
 */
export async function unregisterProcess(home: string): Promise<{ last: boolean }> {
  const folder = join(home, 'processes');
  await rm(join(folder, String(process.pid)), { force: true });
  let last = true;
  for (const name of await readdir(folder)) {
    const identity = await readFile(join(folder, name), 'utf8').catch(() => '');
    if (isAlive(identity)) {
      last = false;
    } else {
      await rm(join(folder, name), { force: true });
    }
  }
  return { last };
}
