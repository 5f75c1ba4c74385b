import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { basename, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { Failure, messageOf } from '../../fault.js';
import { identifier, literal } from '../identifier.js';
import { withholdLargeObjects } from '../migrations/large-objects.js';
import { type DatabaseUrls, type Purpose, roleOf } from '../roles.js';
import { type Binaries, findBinaries } from './binaries.js';
import { registerProcess, unregisterProcess, withHomeLock } from './home-lock.js';
import { findPostmaster } from './postmaster.js';
import { readSecrets, type Secrets } from './secrets.js';
import { type Durability, serverSettings } from './settings.js';
import { type Launch, launchUnprivileged, ownerOf } from './unprivileged.js';

const startTries = 5;
/** A server that is killed is gone within seconds, also where the machine is busy. */
const mostLooks = 100;
const lookMilliseconds = 100;
/** What keeps a server that was killed from starting, and is over when it is started again. */
const passing = [
  // Its sessions hold its memory until they notice.
  /pre-existing shared memory block/,
  // It was killed right after an unlogged table was rolled back: of that a file is left, and nothing in the log. The recovery
  // that stumbles over it has by then made what tells the next one to take it away (PostgreSQL's bug 17731).
  /could not create file "[^"]+": File exists/,
];
const superuser = 'postgres';
const database = 'marquee';
const watchMilliseconds = 2000;

/** A running server under a home, in use by this process. */
export interface EmbeddedPostgres {
  urls: DatabaseUrls;
  superuserUrl: string;
  secrets: Secrets;
  /** Starts the server again, on the same port, when it has died; looks every few seconds until released. */
  keepAlive(onRestart: (reason: string) => void): void;
  /** Lets go of it; the last process that does stops the server. */
  release(): Promise<void>;
}

/**
 * Makes sure that the Postgres of this home runs, and says that this process uses it. A server that
 * already runs, for another command or left over by one that was killed, is taken as it is.
 *
 * @param home absolute folder; made when missing
 * @param durability `disposable` for tests: nothing is forced to disk, and the server is stopped without a checkpoint
 */
export async function useEmbeddedPostgres(
  home: string,
  durability: Durability = 'durable',
): Promise<EmbeddedPostgres> {
  await mkdir(home, { recursive: true, mode: 0o755 });
  return withHomeLock(home, async () => {
    const secrets = await readSecrets(home);
    const server = prepareServer(home);
    await registerProcess(home);
    const port = (await runningPort(server)) ?? (await start(server, secrets, durability));
    const url = (user: string, password: string, name: string) =>
      `postgresql://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/${name}`;
    const urlOf = (purpose: Purpose) =>
      url(
        roleOf[purpose],
        secrets.rolePasswords[roleOf[purpose]],
        purpose === 'queue' ? `${database}_queue` : database,
      );
    let watch: NodeJS.Timeout | undefined;
    const superuserUrl = url(superuser, secrets.superuserPassword, 'postgres');
    await withClient(superuserUrl, async (client) => {
      await createOwner(client, secrets);
      // Postgres gives the other databases to everyone, and only a superuser can take them.
      await client.query('revoke all on database postgres, template1 from public');
      await withholdLargeObjects(client);
    });
    await withClient(url(superuser, secrets.superuserPassword, database), withholdLargeObjects);
    return {
      urls: {
        owner: urlOf('owner'),
        pipeline: urlOf('pipeline'),
        reader: urlOf('reader'),
        queue: urlOf('queue'),
      },
      superuserUrl,
      secrets,
      keepAlive(onRestart) {
        watch = setInterval(async () => {
          if ((await findPostmaster(server.data)) !== undefined) {
            return;
          }
          try {
            await withHomeLock(home, async () => {
              if ((await runningPort(server)) === undefined && watch !== undefined) {
                await start(server, secrets, durability, port);
                onRestart('The embedded Postgres had ended and was started again.');
              }
            });
          } catch (error) {
            onRestart(`The embedded Postgres has ended and does not start again: ${messageOf(error)}`);
          }
        }, watchMilliseconds);
      },
      release: () =>
        withHomeLock(home, async () => {
          clearInterval(watch);
          watch = undefined;
          if ((await unregisterProcess(home)).last) {
            await stop(server, durability === 'durable' ? 'fast' : 'immediate');
          }
        }),
    };
  });
}

interface Server {
  folder: string;
  data: string;
  log: string;
  binaries: Binaries;
  launch: Launch;
}

function prepareServer(home: string): Server {
  const folder = resolve(home, 'postgres');
  const binaries = findBinaries();
  return {
    folder,
    data: join(folder, 'data'),
    log: join(folder, 'server.log'),
    binaries,
    launch: launchUnprivileged([binaries.postgres, home]),
  };
}

async function start(
  server: Server,
  secrets: Secrets,
  durability: Durability,
  samePort?: number,
): Promise<number> {
  if (!existsSync(join(server.data, 'PG_VERSION'))) {
    await initialize(server, secrets);
  }
  const port = samePort ?? (await freePort());
  const settings = Object.entries(serverSettings(durability))
    .map(([name, value]) => `${name} = '${value}'\n`)
    .join('');
  await writeFile(join(server.data, 'postgresql.auto.conf'), `${settings}port = ${port}\n`);
  const begin = () =>
    run(server, server.binaries.pgCtl, ['start', '-w', '-t', '60', '-D', server.data, '-l', server.log]);
  for (let tries = 1; ; tries += 1) {
    try {
      await begin();
      return port;
    } catch (error) {
      const log = await readFile(server.log, 'utf8').catch(() => '');
      if (tries === startTries || !passing.some((trouble) => trouble.test(log.slice(-2000)))) {
        throw error;
      }
      await sleep(1000);
    }
  }
}

async function initialize(server: Server, secrets: Secrets): Promise<void> {
  // An initdb that was killed leaves half a folder; the whole one gets its name at the end. Each has a folder of its
  // own: one whose marquee was killed works on, and removes what it was to fill when that is taken away beneath it.
  await mkdir(server.folder, { recursive: true });
  const unfinished = `${server.data}.new.${randomUUID()}`;
  for (const name of await readdir(server.folder)) {
    if (name.startsWith(`${basename(server.data)}.new`)) {
      await rm(join(server.folder, name), { recursive: true, force: true, maxRetries: 10 });
    }
  }
  const owner = ownerOf(server.launch);
  const passwordFile = join(server.folder, 'initdb-password');
  await writeFile(passwordFile, secrets.superuserPassword, { mode: 0o600 });
  if (owner !== undefined) {
    await chown(server.folder, owner.uid, owner.gid);
    await chown(passwordFile, owner.uid, owner.gid);
  }
  try {
    await run(server, server.binaries.initdb, [
      `--pgdata=${unfinished}`,
      `--username=${superuser}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--no-locale',
      // With checksums the first reader of a loaded table logs each of its pages, for the marks it leaves on
      // the rows: 26 million ratings took 20 seconds more to read.
      '--no-data-checksums',
      '--no-sync',
    ]);
  } finally {
    await rm(passwordFile, { force: true });
  }
  await rename(unfinished, server.data);
}

/** The port of the server that runs on this data folder, if one does and answers. */
async function runningPort(server: Server): Promise<number | undefined> {
  for (let looks = 1; ; looks += 1) {
    const postmaster = await findPostmaster(server.data);
    if (postmaster?.ready === false) {
      // Starting or stopping: wait for the end of it either way, then start afresh.
      await run(server, server.binaries.pgCtl, ['stop', '-w', '-m', 'fast', '-D', server.data]);
      return undefined;
    }
    // One that was killed a moment ago is still there, and takes no connections any more.
    if (postmaster === undefined || looks === mostLooks || (await takesConnections(postmaster.port))) {
      return postmaster?.port;
    }
    await sleep(lookMilliseconds);
  }
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolveTaken) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolveTaken(true);
    });
    socket.once('error', () => resolveTaken(false));
  });
}

async function stop(server: Server, mode: 'fast' | 'immediate'): Promise<void> {
  if ((await runningPort(server)) !== undefined) {
    await run(server, server.binaries.pgCtl, ['stop', '-w', '-m', mode, '-D', server.data]);
  }
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
  // A server that stops rejects the statement under way; without a listener the event would end the process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

async function freePort(): Promise<number> {
  return new Promise((resolvePort, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolvePort(port));
    });
  });
}

/** Runs one of the programs as whoever may, and fails with what it said. */
function run(server: Server, program: string, parameters: string[]): Promise<void> {
  const [command = program, ...rest] = [...server.launch.prefix, program, ...parameters];
  return new Promise((done, reject) => {
    const child = spawn(command, rest, {
      ...server.launch.user,
      cwd: server.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    child.stdout.on('data', (chunk) => {
      said += chunk;
    });
    child.stderr.on('data', (chunk) => {
      said += chunk;
    });
    child.once('error', reject);
    // `exit`, not `close`: the server that pg_ctl leaves behind may hold the pipes open.
    child.once('exit', (code) => {
      child.stdout.destroy();
      child.stderr.destroy();
      if (code === 0) {
        done();
      } else {
        reject(
          new Failure(
            'embedded_postgres_failed',
            `${command} ended with ${code}: ${said.trim().split('\n').slice(-3).join(' ')} (its log: ${server.log})`,
          ),
        );
      }
    });
  });
}
