import { mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
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
  try {
    const file = await open(path, 'wx');
    await file.writeFile(processIdentity());
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw error;
    }
  }
  const holder = await readFile(path, 'utf8').catch(() => undefined);
  if (holder !== undefined && holder !== '' && !isAlive(holder)) {
    // Moved aside first: of two that find the same dead holder only one succeeds.
    const aside = `${path}.${process.pid}`;
    await rename(path, aside).then(
      () => rm(aside, { force: true }),
      () => undefined,
    );
  }
  return false;
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
