import { randomUUID } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../fault.js';
import { isAlive, processIdentity } from './process-identity.js';

const patienceMilliseconds = 120_000;

/**
 * Runs `work` while no other process does the same under this home. A lock whose holder
 * was killed is taken over at once, since it names the holder.
 */
export async function withHomeLock<T>(home: string, work: () => Promise<T>): Promise<T> {
  const path = join(home, 'lock');
  const deadline = Date.now() + patienceMilliseconds;
  while (!(await tryLock(path))) {
    if (Date.now() > deadline) {
      throw new Failure(
        'home_locked',
        `${path} has been held for ${patienceMilliseconds / 1000} seconds by process ${await readFile(path, 'utf8')}; wait for it or end it.`,
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
  // Linked, not opened and written: a process that is killed in between would leave a lock without a holder.
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

/** Takes away the lock of a process that has ended. */
async function removeDead(path: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
    // Another that found the same dead holder may have been quicker, and this be its lock: back with it.
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

/** Says that this process uses what runs under this home. */
export async function registerProcess(home: string): Promise<void> {
  await mkdir(join(home, 'processes'), { recursive: true });
  await writeFile(join(home, 'processes', String(process.pid)), processIdentity());
}

/** Takes this process off the list and says whether any other that lives is on it. */
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
