import { rm } from 'node:fs/promises';
import { Fault } from '../../fault.js';
import { withHomeLock } from './home-lock.js';
import { locateServer, runningPort } from './postgres-server.js';

/**
 * Removes the embedded database of a home with everything in it. The secrets stay.
 *
 * @throws Fault home_in_use when its server runs, because another command uses it
 */
export async function discardDatabase(home: string): Promise<void> {
  await withHomeLock(home, async () => {
    const server = locateServer(home);
    if ((await runningPort(server)) !== undefined) {
      throw new Fault(
        'home_in_use',
        `Another command uses the database under ${home}. Wait until it ends, then try again.`,
      );
    }
    await rm(server.data, { recursive: true, force: true });
  });
}
