import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { basename, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../fault.js';
import { type Binaries, findBinaries } from './binaries.js';
import { findPostmaster } from './postmaster.js';
import type { Secrets } from './secrets.js';
import { type Durability, serverSettings } from './settings.js';
import { type Launch, launchUnprivileged, ownerOf } from './unprivileged.js';

const maxStartAttempts = 5;
/** A server that was killed is gone within seconds, even on a busy machine. */
const maxConnectionProbes = 100;
const probeIntervalMs = 100;
/** Reasons why a server that was killed does not start, and that are gone at the next attempt. */
const transientStartErrors = [
  // The sessions of the killed server hold its memory until they notice.
  /pre-existing shared memory block/,
  // The server was killed right after it rolled back an unlogged table: a file of the table is left and the log does not
  // mention it. Recovery fails on that file, but has by then created what makes the next recovery remove it (PostgreSQL bug
  // 17731).
  /could not create file "[^"]+": File exists/,
];

/** Name of the superuser of every embedded server. */
export const superuser = 'postgres';

/** The Postgres server of a home: its folders and how its programs are run. */
export interface PostgresServer {
  readonly folder: string;
  readonly data: string;
  readonly log: string;
  readonly binaries: Binaries;
  readonly launch: Launch;
}

/** Finds the programs and the folders of the server of a home. Starts nothing. */
export function locateServer(home: string): PostgresServer {
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

/**
 * Starts the server, and creates its data folder first if it is missing.
 */
export async function startServer(
  server: PostgresServer,
  secrets: Secrets,
  durability: Durability,
  port: number,
): Promise<void> {
  if (!existsSync(join(server.data, 'PG_VERSION'))) {
    await initialize(server, secrets);
  }
  const settings = Object.entries(serverSettings(durability))
    .map(([name, value]) => `${name} = '${value}'\n`)
    .join('');
  await writeFile(join(server.data, 'postgresql.auto.conf'), `${settings}port = ${port}\n`);
  for (let attempt = 1; ; attempt += 1) {
    try {
      await run(server, server.binaries.pgCtl, [
        'start',
        ...['-w', '-t', '60'],
        ...['-D', server.data],
        ...['-l', server.log],
      ]);
      return;
    } catch (error) {
      const log = await readFile(server.log, 'utf8').catch(() => '');
      const transient = transientStartErrors.some((pattern) => pattern.test(log.slice(-2000)));
      if (attempt === maxStartAttempts || !transient) {
        throw error;
      }
      await sleep(1000);
    }
  }
}

/** The port of the server that runs on this data folder, if one does and accepts connections. */
export async function runningPort(server: PostgresServer): Promise<number | undefined> {
  for (let probe = 1; ; probe += 1) {
    const postmaster = await findPostmaster(server.data);
    if (postmaster?.ready === false) {
      // It is starting or stopping. Stopping it waits for the end of either, and the caller starts it again.
      await stopWith(server, 'fast');
      return undefined;
    }
    // A server that was killed a moment ago is still found, but accepts no more connections.
    if (
      postmaster === undefined ||
      probe === maxConnectionProbes ||
      (await acceptsConnections(postmaster.port))
    ) {
      return postmaster?.port;
    }
    await sleep(probeIntervalMs);
  }
}

/** Stops the server if it runs. */
export async function stopServer(server: PostgresServer, durability: Durability): Promise<void> {
  if ((await runningPort(server)) !== undefined) {
    await stopWith(server, durability === 'durable' ? 'fast' : 'immediate');
  }
}

function stopWith(server: PostgresServer, mode: 'fast' | 'immediate'): Promise<void> {
  return run(server, server.binaries.pgCtl, ['stop', '-w', '-m', mode, '-D', server.data]);
}

async function initialize(server: PostgresServer, secrets: Secrets): Promise<void> {
  // An initdb that was killed leaves half a data folder, so a complete one gets its name last. Each attempt has a separate
  // folder: an initdb whose parent was killed keeps working, and removes its folder when files disappear from it.
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
      // With checksums, the first read of a loaded table logs every page because it sets hint bits on the rows: reading 26
      // million ratings took 20 seconds longer.
      '--no-data-checksums',
      '--no-sync',
    ]);
  } finally {
    await rm(passwordFile, { force: true });
  }
  await rename(unfinished, server.data);
}

function acceptsConnections(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => done(false));
  });
}

/**
 * Runs one of the Postgres programs as an unprivileged user.
 * @throws Failure `embedded_postgres_failed` with the end of its output when it fails
 */
function run(server: PostgresServer, program: string, parameters: string[]): Promise<void> {
  const [command = program, ...rest] = [...server.launch.prefix, program, ...parameters];
  return new Promise((done, reject) => {
    const child = spawn(command, rest, {
      ...server.launch.user,
      cwd: server.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const collect = (chunk: Buffer) => {
      output += chunk;
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.once('error', reject);
    // Not `close`: the server that pg_ctl started may keep the pipes open.
    child.once('exit', (code) => {
      child.stdout.destroy();
      child.stderr.destroy();
      if (code === 0) {
        done();
      } else {
        const lastLines = output.trim().split('\n').slice(-3).join(' ');
        reject(
          new Failure(
            'embedded_postgres_failed',
            `${command} exited with ${code}: ${lastLines} (server log: ${server.log})`,
          ),
        );
      }
    });
  });
}
