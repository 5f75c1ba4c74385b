import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { killIfAlive, processesUnder } from './marquee.js';
import { copyPreparedHome, type Preparation } from './prepared-homes.js';

/**
 * Homes for the tests of a file: new ones, or copies of a prepared one. After the last test, processes that still run under
 * them are killed and they are removed.
 */
export function useHomes(): (preparation?: Preparation) => Promise<string> {
  const homes: string[] = [];
  afterAll(() => {
    for (const home of homes) {
      for (const pid of processesUnder(home)) {
        killIfAlive(pid);
      }
      rmSync(home, { recursive: true, force: true, maxRetries: 5 });
    }
  });
  return async (preparation) => {
    const home = await mkdtemp(join(tmpdir(), 'marquee-cli-'));
    homes.push(home);
    if (preparation !== undefined) await copyPreparedHome(preparation, home);
    return home;
  };
}
