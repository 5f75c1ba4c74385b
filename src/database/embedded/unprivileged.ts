import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Fault } from '../../fault.js';

/** How to start a program that refuses to run as root. */
export interface Launch {
  /** Put before the program and its arguments. */
  prefix: string[];
  /** Whom it runs as; missing: as this process. */
  user?: { uid: number; gid: number };
}

/**
 * Postgres refuses to run as root. When this process is root, another user is found for it
 * (`postgres`, else `nobody`), and when that user may not enter the folders the program and its data
 * lie in (a clone below `/root`), it is given the one capability that lets it search them.
 *
 * @param paths what the program must reach
 * @throws Fault `no_unprivileged_user` when none is to be had
 */
export function launchUnprivileged(paths: string[]): Launch {
  if (process.getuid?.() !== 0) {
    return { prefix: [] };
  }
  const user = findUser('postgres') ?? findUser('nobody');
  if (user === undefined) {
    throw new Fault(
      'no_unprivileged_user',
      'Postgres does not run as root, and neither a user postgres nor nobody exists; create one, run as another user, or set DATABASE_URL.',
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
    // Without this bit access(2), which Postgres asks before it starts itself, forgets the capability.
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
    `Postgres does not run as root, and the user it runs as instead (${user.uid}) may not enter ${paths.join(' or ')}; put the project and MARQUEE_HOME where other users may enter, or run as another user.`,
  );
}

/** Whom files for the launched program must belong to; missing: this process' own user. */
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
