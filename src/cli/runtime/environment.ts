import type pg from 'pg';
import type { Configuration } from '../../configuration.js';
import { type EmbeddedPostgres, useEmbeddedPostgres } from '../../database/embedded/embedded-postgres.js';
import { readSecrets, type Secrets } from '../../database/embedded/secrets.js';
import { migrate } from '../../database/migrations/migrate.js';
import { openPool } from '../../database/pool.js';
import { type DatabaseUrls, type Purpose, type Role, roleOf } from '../../database/roles.js';
import { reportComments } from '../../dataset/report-comments.js';
import { Fault } from '../../fault.js';
import type { QueueLocation } from '../../queue/backend/backend.js';

/** The databases and secrets a command works with, whether they are embedded or given. */
export interface Environment {
  readonly configuration: Configuration;
  /** Whether the Postgres under the home is used. */
  readonly embedded: boolean;
  /** Key of the hash over personal data. */
  readonly piiKey: string;
  /** @throws Fault `database_not_configured` when there is no connection for the purpose. */
  url(purpose: Purpose): string;
  /** Whether there is a connection for the purpose. */
  has(purpose: Purpose): boolean;
  /** One pool per purpose, closed with the environment. */
  pool(purpose: Purpose): pg.Pool;
  queueLocation(): QueueLocation;
  /** Brings the database to the current model; on the embedded one it has been done. */
  migrate(): Promise<string[]>;
  /** Keeps the embedded Postgres running while this process does; nothing to do for another one. */
  keepAlive(onRestart: (reason: string) => void): void;
  close(): Promise<void>;
  /** Lets go of the embedded Postgres whatever is under way on it; for a process that is about to end. */
  abandon(): Promise<void>;
}

/** Opens the environment that the configuration describes; the embedded Postgres is started and migrated. */
export async function openEnvironment(configuration: Configuration): Promise<Environment> {
  const given = configuration.database;
  const embedded = Object.values(given).every((url) => url === undefined);
  const server = embedded ? await useEmbeddedPostgres(configuration.home) : undefined;
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
  // Whoever has the owner's connection may set the passwords of the other roles, and so may make them up.
  const secrets =
    server?.secrets ?? (database.owner === undefined ? undefined : await readSecrets(configuration.home));
  const urls: Partial<DatabaseUrls> = server?.urls ?? urlsBeside(database, secrets);
  const pools = new Map<Purpose, pg.Pool>();
  const url = (purpose: Purpose) => {
    const found = urls[purpose];
    if (found === undefined) {
      throw new Fault(
        'database_not_configured',
        `There is no database connection for the ${purpose}; set DATABASE_${purpose === 'owner' ? '' : `${purpose.toUpperCase()}_`}URL, or DATABASE_URL to the owner's connection.`,
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
          'Personal data is hashed with a key, and there is none; set PII_KEY to a secret of at least 32 characters.',
        );
      }
      return key;
    },
    url,
    has: (purpose) => urls[purpose] !== undefined,
    pool(purpose) {
      const most = connectionsFor(configuration.workerConcurrency);
      const pool = pools.get(purpose) ?? openPool(url(purpose), `marquee ${purpose}`, most);
      pools.set(purpose, pool);
      return pool;
    },
    queueLocation() {
      return configuration.redisUrl === undefined
        ? { kind: 'postgres', connectionString: url('queue'), schema: configuration.queuePrefix }
        : { kind: 'redis', url: configuration.redisUrl, prefix: configuration.queuePrefix };
    },
    migrate: () =>
      migrate(url('owner'), {
        passwords: passwordsToSet(configuration, server, secrets),
        comments: reportComments(),
        queueDatabase: urls.queue === undefined ? undefined : new URL(urls.queue).pathname.slice(1),
      }),
    keepAlive: (onRestart) => server?.keepAlive(onRestart),
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.end()));
      await server?.release();
    },
    abandon: async () => server?.release(),
  };
}

/** The connections that are given, and those that follow from the owner's. */
function urlsBeside(given: Configuration['database'], secrets: Secrets | undefined): Partial<DatabaseUrls> {
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
 * Passwords are set for the roles whose connections Marquee made up, and for those it was given only when it is told to:
 * somebody else may look after them.
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

/**
 * How many connections a process may need at once: per job of each kind those of its transactions, of which cleaning
 * opens three, and some for the ledgers. With fewer, jobs that each hold one and wait for another would wait for ever.
 */
function connectionsFor(workerConcurrency: number): number {
  return 4 + 8 * workerConcurrency;
}
