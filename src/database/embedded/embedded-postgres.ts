import { mkdir } from 'node:fs/promises';
import pg from 'pg';
import { messageOf } from '../../fault.js';
import { identifier, literal } from '../identifier.js';
import { withholdLargeObjects } from '../migrations/large-objects.js';
import { type DatabaseUrls, type Purpose, roleOf } from '../roles.js';
import { registerProcess, unregisterProcess, withHomeLock } from './home-lock.js';
import {
  locateServer,
  type PostgresServer,
  runningPort,
  startServer,
  stopServer,
  superuser,
} from './postgres-server.js';
import { findPostmaster } from './postmaster.js';
import { readSecrets, type Secrets } from './secrets.js';
import { choosePort, isFree, keepPort, keptPort } from './server-port.js';
import type { Durability } from './settings.js';

const database = 'marquee';
const watchIntervalMs = 2000;
/** Two homes that are started at the same moment may have chosen the same port. */
const maxPortAttempts = 5;

/** A running server of a home, in use by this process. */
export interface EmbeddedPostgres {
  urls: DatabaseUrls;
  superuserUrl: string;
  secrets: Secrets;
  /** Checks every few seconds, until released, whether the server runs, and restarts it on the same port. */
  keepAlive(onRestart: (reason: string) => void): void;
  /** Ends the use of the server; the last process that uses it stops it. */
  release(): Promise<void>;
}

/**
 * Makes sure that the Postgres of this home runs, and registers this process as a user of it. A server that is already
 * running, for another command or because its last user was killed, is used as it is.
 *
 * @param home absolute path of a folder; created when missing
 * @param requestedPort port of a server that is started; by default, the one of the last start
 * @param durability `disposable` for tests: nothing is forced to disk, and the server stops without a checkpoint
 */
export async function useEmbeddedPostgres(
  home: string,
  durability: Durability = 'durable',
  requestedPort?: number,
): Promise<EmbeddedPostgres> {
  await mkdir(home, { recursive: true, mode: 0o755 });
  return withHomeLock(home, async () => {
    const secrets = await readSecrets(home);
    const server = locateServer(home);
    await registerProcess(home);
    const port =
      (await runningPort(server)) ?? (await start(home, server, secrets, durability, requestedPort));
    const superuserUrl = (name: string) => connectionUrl(port, superuser, secrets.superuserPassword, name);
    await prepareDatabases(superuserUrl, secrets);
    let stopWatching: (() => void) | undefined;
    return {
      urls: roleUrls(port, secrets),
      superuserUrl: superuserUrl('postgres'),
      secrets,
      keepAlive(onRestart) {
        stopWatching = watch(home, server, () => startServer(server, secrets, durability, port), onRestart);
      },
      release: () =>
        withHomeLock(home, async () => {
          stopWatching?.();
          if ((await unregisterProcess(home)).last) {
            await stopServer(server, durability);
          }
        }),
    };
  });
}

/** Starts the server on its port, or on another one if another process has taken that in the meantime. */
async function start(
  home: string,
  server: PostgresServer,
  secrets: Secrets,
  durability: Durability,
  requestedPort: number | undefined,
): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await choosePort(home, requestedPort);
    try {
      await startServer(server, secrets, durability, port);
      await keepPort(home, port);
      return port;
    } catch (error) {
      if (attempt === maxPortAttempts || requestedPort !== undefined || (await isFree(port))) throw error;
    }
  }
}

/** How to connect to the server of a home. */
export interface EmbeddedConnection {
  readonly urls: DatabaseUrls;
  /** Whether the server accepts connections now. */
  readonly running: boolean;
}

/** The connections to the server of a home, which is not started; undefined if the home has no database yet. */
export async function findEmbeddedPostgres(home: string): Promise<EmbeddedConnection | undefined> {
  const server = locateServer(home);
  const postmaster = await findPostmaster(server.data);
  const port = postmaster?.port ?? (await keptPort(home));
  if (port === undefined) return undefined;
  const secrets = await withHomeLock(home, () => readSecrets(home));
  return { urls: roleUrls(port, secrets), running: postmaster?.ready === true };
}

function connectionUrl(port: number, user: string, password: string, name: string): string {
  return `postgresql://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/${name}`;
}

function roleUrls(port: number, { rolePasswords }: Secrets): DatabaseUrls {
  const urlOf = (purpose: Purpose) => {
    const role = roleOf[purpose];
    const name = purpose === 'queue' ? `${database}_queue` : database;
    return connectionUrl(port, role, rolePasswords[role], name);
  };
  return {
    owner: urlOf('owner'),
    pipeline: urlOf('pipeline'),
    reader: urlOf('reader'),
    bi: urlOf('bi'),
    queue: urlOf('queue'),
  };
}

/**
 * Restarts the server whenever it is found to have ended.
 * @returns ends it; call it under the home's lock, so that no restart is under way
 */
function watch(
  home: string,
  server: PostgresServer,
  restart: () => Promise<void>,
  onRestart: (reason: string) => void,
): () => void {
  let watching = true;
  const timer = setInterval(async () => {
    if ((await findPostmaster(server.data)) !== undefined) {
      return;
    }
    try {
      await withHomeLock(home, async () => {
        if ((await runningPort(server)) === undefined && watching) {
          await restart();
          onRestart('The embedded Postgres had stopped and was restarted.');
        }
      });
    } catch (error) {
      onRestart(`The embedded Postgres has stopped and cannot be restarted: ${messageOf(error)}`);
    }
  }, watchIntervalMs);
  return () => {
    watching = false;
    clearInterval(timer);
  };
}

/** Creates the owner and its database, and takes from everyone what only a superuser can take. */
async function prepareDatabases(superuserUrl: (name: string) => string, secrets: Secrets): Promise<void> {
  await withClient(superuserUrl('postgres'), async (client) => {
    await createOwner(client, secrets);
    // By default, every role may connect to these databases.
    await client.query('revoke all on database postgres, template1 from public');
    await withholdLargeObjects(client);
  });
  await withClient(superuserUrl(database), withholdLargeObjects);
}

async function createOwner(client: pg.Client, secrets: Secrets): Promise<void> {
  const { rows } = await client.query('select from pg_database where datname = $1', [database]);
  if (rows.length > 0) {
    return;
  }
  const owner = identifier(roleOf.owner);
  const exists = await client.query('select from pg_roles where rolname = $1', [roleOf.owner]);
  if (exists.rows.length === 0) {
    await client.query(`create role ${owner} login createrole createdb`);
  }
  await client.query(`alter role ${owner} password ${literal(secrets.rolePasswords[roleOf.owner])}`);
  await client.query(`create database ${identifier(database)} owner ${owner}`);
}

async function withClient(
  connectionString: string,
  work: (client: pg.Client) => Promise<void>,
): Promise<void> {
  const client = new pg.Client({ connectionString });
  // A server that stops rejects the current statement and emits this event; without a listener it would end the process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
