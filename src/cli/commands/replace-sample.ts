import { rm } from 'node:fs/promises';
import { readConfiguration } from '../../configuration.js';
import { discardDatabase } from '../../database/embedded/discard-database.js';
import { Fault } from '../../fault.js';
import { readHomeOrigin } from '../../source/ledger/home-origin.js';
import { print } from '../output/terminal.js';
import { openEnvironment, storageFolder } from '../runtime/environment.js';

/**
 * Removes the sample from the home, so that it can take other drops. Does nothing in a home without files.
 *
 * @throws Fault fresh_not_embedded, fresh_own_files: only the sample can be written again
 */
export async function replaceSample(): Promise<void> {
  const configuration = readConfiguration();
  const { home } = configuration;
  const environment = await openEnvironment(configuration);
  let origin: Awaited<ReturnType<typeof readHomeOrigin>>;
  try {
    if (!environment.embedded) {
      throw new Fault(
        'fresh_not_embedded',
        '--fresh replaces the embedded database only, but DATABASE_URL is set. Create a new database and set DATABASE_URL to it.',
      );
    }
    origin = await readHomeOrigin(environment.pool('pipeline'));
  } finally {
    await environment.close();
  }
  if (origin === undefined) return;
  if (origin === 'own') {
    throw new Fault(
      'fresh_own_files',
      `${home} holds your own files, and --fresh only replaces the sample. Omit --fresh, or set another MARQUEE_HOME.`,
    );
  }
  print('Removing the sample ...');
  await discardDatabase(home);
  await rm(storageFolder(home), { recursive: true, force: true });
}
