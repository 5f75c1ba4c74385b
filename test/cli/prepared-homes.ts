import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inject } from 'vitest';
import { answer } from './marquee.js';

/**
 * What a home holds before its test begins:
 *
 * - `migrated`: a database without any data
 * - `first month`: `drops`, the two months of the sample, of which the first is published
 * - `sample`: the same with both months published
 */
export type Preparation = 'migrated' | 'first month' | 'sample';

const steps: Readonly<Record<Preparation, { base?: Preparation; work(home: string): Promise<unknown> }>> = {
  migrated: {
    work: (home) => answer(home, ['status']),
  },
  'first month': {
    base: 'migrated',
    async work(home) {
      const [first] = await answer(home, ['sample', '--out', join(home, 'drops')]);
      await answer(home, ['ingest', first.dir]);
    },
  },
  sample: {
    base: 'first month',
    work: (home) => answer(home, ['ingest', join(home, 'drops', '2011-01')]),
  },
};

/** Copies a home that was prepared once for all test files, by the first of them that asked for it. */
export async function copyPreparedHome(preparation: Preparation, home: string): Promise<void> {
  copy(await prepare(preparation), home);
}

async function prepare(preparation: Preparation): Promise<string> {
  const folder = inject('preparedHomes');
  const home = join(folder, preparation);
  const unfinished = `${home}.new`;
  const failed = `${home}.failed`;
  await mkdir(folder, { recursive: true });
  // The claim stays when the home has its name: whoever comes later finds it.
  if (!(await make(`${home}.claimed`))) {
    while (!existsSync(home)) {
      if (existsSync(failed)) throw new Error(`The home "${preparation}" could not be prepared.`);
      await sleep(50);
    }
    return home;
  }
  try {
    const { base, work } = steps[preparation];
    await mkdir(unfinished);
    if (base !== undefined) copy(await prepare(base), unfinished);
    await work(unfinished);
    await rename(unfinished, home);
    return home;
  } catch (error) {
    await writeFile(failed, '');
    throw error;
  }
}

/** Makes a folder; returns false when another process has made it. */
async function make(folder: string): Promise<boolean> {
  try {
    await mkdir(folder);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** By `cp`, which keeps the owner of the files of Postgres: under root, that is another user. */
function copy(from: string, to: string): void {
  execFileSync('cp', ['-a', `${from}/.`, to]);
}
