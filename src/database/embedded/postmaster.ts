import { readFile, realpath, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isAlive } from './process-identity.js';

/** A Postgres server process, as described by the `postmaster.pid` of its data folder. */
export interface Postmaster {
  pid: number;
  port: number;
  /** Whether it accepts connections; otherwise it is starting or stopping. */
  ready: boolean;
}

/**
 * The server that runs on a data folder, if one does. A killed server leaves its `postmaster.pid`, and Postgres refuses to
 * start while any process has the id in that file: a different process that got the same id, as happens when a container
 * restarts, or the killed server itself while it is a zombie. Such a file is removed.
 */
export async function findPostmaster(data: string): Promise<Postmaster | undefined> {
  const file = join(data, 'postmaster.pid');
  const text = await readFile(file, 'utf8').catch(() => undefined);
  const [pid = '', , , port = '', , , , status = ''] = text?.split('\n') ?? [];
  if (!isAlive(pid)) {
    return undefined;
  }
  if (!(await servesFolder(pid, data))) {
    await rm(file, { force: true });
    return undefined;
  }
  return { pid: Number(pid), port: Number(port), ready: status.trim() === 'ready' };
}

/** Whether a live process is a Postgres started on this folder; assumed when the system does not say. */
async function servesFolder(pid: string, data: string): Promise<boolean> {
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => undefined);
  if (commandLine === undefined) {
    return true; // No /proc (macOS), or a /proc that hides the processes of other users.
  }
  // Empty for a zombie.
  const [program = '', ...parameters] = commandLine.split('\0');
  const folder = parameters[parameters.indexOf('-D') + 1] ?? '';
  return basename(program) === 'postgres' && (await samePlace(folder, data));
}

async function samePlace(one: string, other: string): Promise<boolean> {
  const places = await Promise.all([one, other].map((path) => realpath(path).catch(() => path)));
  return places[0] === places[1];
}
