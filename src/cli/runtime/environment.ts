import { join } from 'node:path';
import type pg from 'pg';
import type { Configuration } from '../../configuration.js';
import { connectionsNeeded } from '../../database/connection-need.js';
import { type EmbeddedPostgres, useEmbeddedPostgres } from '../../database/embedded/embedded-postgres.js';
import { readSecrets, type Secrets } from '../../database/embedded/secrets.js';
import { type MigrationResult, migrate } from '../../database/migrations/migrate.js';
import { openPool } from '../../database/pool.js';
import { type DatabaseUrls, type Purpose, type Role, roleOf } from '../../database/roles.js';
import { reportComments } from '../../dataset/report-comments.js';
import { Fault } from '../../fault.js';
import type { QueueLocation } from '../../queue/backend/backend.js';

/** The databases and secrets a command works with, embedded or configured. */
export interface Environment {
  readonly configuration: Configuration;
  /** Whether the embedded Postgres is used. */
  readonly embedded: boolean;
  /** Key of the hash over personal data. */
  readonly piiKey: string;
  /** @throws Fault `database_not_configured` when no connection is configured for the purpose */
  url(purpose: Purpose): string;
  /** Whether a connection for the purpose is configured. */
  has(purpose: Purpose): boolean;
  /** One pool per purpose, closed with the environment. */
  pool(purpose: Purpose): pg.Pool;
  queueLocation(): QueueLocation;
  /** Migrates the database to the current schema. The embedded one is migrated once, when it is opened. */
  migrate(): Promise<MigrationResult>;
  /** Keeps the embedded Postgres running as long as this process; does nothing for a configured database. */
  keepAlive(onRestart: (reason: string) => void): void;
  close(): Promise<void>;
  /** Releases the embedded Postgres without waiting for statements; for a process that is about to exit. */
  abandon(): Promise<void>;
}

/** Where delivered files are kept under a home. */
export function storageFolder(home: string): string {
  return join(home, 'files');
}

/** Whether the embedded Postgres is used: no connection is configured. */
export function isEmbedded({ database }: Configuration): boolean {
  return Object.values(database).every((url) => url === undefined);
}

/**
 * The connection of BI tools to a configured database: where readers connect, with the password that `migrate` sets.
 * @returns undefined if neither the owner's nor the readers' connection is configured
 */
export async function configuredBiUrl({ database, home }: Configuration): Promise<string | undefined> {
  const place = database.reader ?? database.owner;
  if (place === undefined) return undefined;
  const url = new URL(place);
  url.username = roleOf.bi;
  url.password = database.owner === undefined ? '' : (await readSecrets(home)).rolePasswords[roleOf.bi];
  return url.href;
}

/** Opens what the configuration describes; starts and migrates the embedded Postgres. */
export async function openEnvironment(configuration: Configuration): Promise<Environment> {
  const embedded = isEmbedded(configuration);
  const server = embedded
    ? await useEmbeddedPostgres(configuration.home, 'durable', configuration.postgresPort)
    : undefined;
  try {
    const environment = await assemble(configuration, server);
    if (embedded) {
      await environment.migrate();
    }
    return environment;
  } catch (error) {
    await server?.release();
    throw error;
  }
}

async function assemble(
  configuration: Configuration,
  server: EmbeddedPostgres | undefined,
): Promise<Environment> {
  const { database } = configuration;
  // With the owner's connection `migrate` can set the other roles' passwords, so they can be generated.
  const secrets =
    server?.secrets ?? (database.owner === undefined ? undefined : await readSecrets(configuration.home));
  const urls: Partial<DatabaseUrls> = server?.urls ?? urlsOf(database, secrets);
  const pools = new Map<Purpose, pg.Pool>();
  let migrated: Promise<MigrationResult> | undefined;
  const url = (purpose: Purpose) => {
    const found = urls[purpose];
    if (found === undefined) {
      throw new Fault(
        'database_not_configured',
        `No database connection is configured for the ${purpose}. Set DATABASE_${purpose === 'owner' ? '' : `${purpose.toUpperCase()}_`}URL, or DATABASE_URL to the owner's connection.`,
      );
    }
    return found;
  };
  return {
    configuration,
    embedded: server !== undefined,
    get piiKey() {
      const key = configuration.piiKey ?? secrets?.piiKey;
      if (key === undefined) {
        throw new Fault(
          'pii_key_missing',
          'The key for hashing personal data is missing. Set PII_KEY to a secret of at least 32 characters.',
        );
      }
      return key;
    },
    url,
    has: (purpose) => urls[purpose] !== undefined,
    pool(purpose) {
      const most = connectionsNeeded(configuration.workerConcurrency);
      // A request must not wait for a connection forever; a job may.
      const waitMs = purpose === 'reader' ? 30_000 : 0;
      const pool = pools.get(purpose) ?? openPool(url(purpose), `marquee ${purpose}`, most, waitMs);
      pools.set(purpose, pool);
      return pool;
    },
    queueLocation() {
      return configuration.redisUrl === undefined
        ? { kind: 'postgres', connectionString: url('queue'), schema: configuration.queuePrefix }
        : { kind: 'redis', url: configuration.redisUrl, prefix: configuration.queuePrefix };
    },
    migrate() {
      if (server !== undefined && migrated !== undefined) return migrated;
      migrated = migrate(url('owner'), {
        passwords: passwordsToSet(configuration, server, secrets),
        comments: reportComments(),
        queueDatabase: urls.queue === undefined ? undefined : new URL(urls.queue).pathname.slice(1),
      });
      return migrated;
    },
    keepAlive: (onRestart) => server?.keepAlive(onRestart),
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.end()));
      await server?.release();
    },
    abandon: async () => server?.release(),
  };
}

/** The configured connections, and those derived from the owner's. */
function urlsOf(given: Configuration['database'], secrets: Secrets | undefined): Partial<DatabaseUrls> {
  const derived: Partial<DatabaseUrls> = {};
  for (const purpose of ['pipeline', 'reader', 'bi', 'queue'] as const) {
    if (given.owner !== undefined && secrets !== undefined) {
      const url = new URL(given.owner);
      url.username = roleOf[purpose];
      url.password = secrets.rolePasswords[roleOf[purpose]];
      if (purpose === 'queue') {
        url.pathname += '_queue';
      }
      derived[purpose] = url.href;
    }
  }
  const own = Object.fromEntries(Object.entries(given).filter(([, url]) => url !== undefined));
  return { ...derived, ...own };
}

/**
 * The passwords that `migrate` sets: those of roles whose connections Marquee derived, and of configured ones only with
 * SET_ROLE_PASSWORDS, because someone else may manage those.
 */
function passwordsToSet(
  { database, setRolePasswords }: Configuration,
  server: EmbeddedPostgres | undefined,
  secrets: Secrets | undefined,
): Partial<Record<Role, string>> {
  const passwords: Partial<Record<Role, string>> = {};
  for (const purpose of ['pipeline', 'reader', 'bi', 'queue'] as const) {
    const role = roleOf[purpose];
    // Nobody gives Marquee a connection for BI tools: it makes none itself.
    const given = server === undefined && purpose !== 'bi' ? database[purpose] : undefined;
    if (given === undefined) {
      passwords[role] = secrets?.rolePasswords[role];
    } else if (setRolePasswords && new URL(given).username === role) {
      passwords[role] = decodeURIComponent(new URL(given).password);
    }
  }
  return passwords;
}
