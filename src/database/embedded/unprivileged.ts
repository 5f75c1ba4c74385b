import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Fault } from '../../fault.js';

/** How to start a program that refuses to run as root. */
export interface Launch {
  /** Words to put before the program and its arguments. */
  prefix: string[];
  /** The user it runs as; by default, the user of this process. */
  user?: { uid: number; gid: number };
}

/**
 * Postgres refuses to run as root. If this process runs as root, Postgres runs as `postgres` or else `nobody`. If that user
 * may not enter the folders of the program and its data (for example a clone below `/root`), the program gets the one
 * capability that allows it to search them.
 *
 * @param paths what the program must be able to reach
 * @throws Fault `no_unprivileged_user` when neither user exists
 * @throws Fault `folder_not_reachable` when a path cannot be reached even with the capability
 */
export function launchUnprivileged(paths: string[]): Launch {
  if (process.getuid?.() !== 0) {
    return { prefix: [] };
  }
  const user = findUser('postgres') ?? findUser('nobody');
  if (user === undefined) {
    throw new Fault(
      'no_unprivileged_user',
      'Postgres cannot run as root, and there is no user named postgres or nobody. Create one, run as another user, or set DATABASE_URL.',
    );
  }
  if (paths.every((path) => spawnSync('test', ['-x', path], user).status === 0)) {
    return { prefix: [], user };
  }
  const capability = '+dac_read_search';
  const prefix = [
    'setpriv',
    `--reuid=${user.uid}`,
    `--regid=${user.gid}`,
    '--clear-groups',
    // Without this bit, access(2), which Postgres calls before it starts itself, ignores the capability.
    '--securebits=+no_setuid_fixup',
    `--inh-caps=${capability}`,
    `--ambient-caps=${capability}`,
    '--',
  ];
  const [program = '', ...parameters] = prefix;
  if (paths.every((path) => spawnSync(program, [...parameters, 'test', '-x', path]).status === 0)) {
    return { prefix };
  }
  throw new Fault(
    'folder_not_reachable',
    `Postgres cannot run as root, and the user it runs as instead (${user.uid}) has no access to ${paths.join(' or ')}. Put the project and MARQUEE_HOME where other users have access, or run as another user.`,
  );
}

/** The user who must own the files of the launched program; undefined for the user of this process. */
export function ownerOf(launch: Launch): { uid: number; gid: number } | undefined {
  if (launch.user !== undefined || launch.prefix.length === 0) {
    return launch.user;
  }
  return findUser('postgres') ?? findUser('nobody');
}

function findUser(name: string): { uid: number; gid: number } | undefined {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${name}:`));
  if (line === undefined) {
    return undefined;
  }
  const [, , uid, gid] = line.split(':');
  return { uid: Number(uid), gid: Number(gid) };
}
