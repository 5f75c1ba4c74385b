import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Installation } from './campaign-installation.js';

interface Circumstances {
  readonly random: () => number;
  /** The drop that is being published. */
  readonly drop: string;
}

/** Something that happens to a running installation. It is over when the promise resolves. */
export interface Fault {
  readonly kind: string;
  happen(installation: Installation, circumstances: Circumstances): Promise<void>;
}

const faketime = [
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1',
  '/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1',
].find((file) => existsSync(file));

const faults: readonly (Fault & { needsRedis?: boolean; needs?: boolean })[] = [
  { kind: 'kill server', happen: async ({ serverPid }) => signal(serverPid, 'SIGKILL') },
  { kind: 'kill database', happen: async (it) => signal(it.databasePids()[0], 'SIGKILL') },
  {
    kind: 'kill both',
    async happen(it) {
      const [postmaster] = it.databasePids();
      signal(it.serverPid, 'SIGKILL');
      signal(postmaster, 'SIGKILL');
    },
  },
  {
    // Postgres ends all connections and recovers when one of its processes dies.
    kind: 'crash a backend',
    async happen(it, { random }) {
      const [, ...backends] = it.databasePids();
      signal(backends[Math.floor(random() * backends.length)], 'SIGKILL');
    },
  },
  {
    kind: 'cut connections',
    happen: async (it) => {
      for (const pid of it.databasePids().slice(1)) signal(pid, 'SIGTERM');
    },
  },
  { kind: 'freeze server', happen: async (it, { random }) => freeze([it.serverPid], 1000 + random() * 4000) },
  {
    kind: 'freeze database',
    happen: async (it, { random }) => freeze(it.databasePids(), 1000 + random() * 4000),
  },
  {
    kind: 'duplicate command',
    async happen(it, { drop }) {
      it.begin(['ingest', drop]);
      it.begin(['ingest', drop]);
    },
  },
  {
    kind: 'kill command',
    async happen(it, { drop, random }) {
      const command = it.begin(['ingest', drop]);
      await sleep(500 + random() * 2000);
      command.kill('SIGKILL');
    },
  },
  {
    kind: 'wrong clock',
    needs: faketime !== undefined,
    async happen(it, { random }) {
      it.withEnvironment({ LD_PRELOAD: faketime!, FAKETIME: random() < 0.5 ? '+40d' : '-40d' });
      signal(it.serverPid, 'SIGKILL');
      await sleep(500);
      await it.ensureStarted();
      await sleep(2000);
      it.withEnvironment({});
      signal(it.serverPid, 'SIGKILL');
    },
  },
  { kind: 'kill Redis', needsRedis: true, happen: async (it) => signal(it.redisPid, 'SIGKILL') },
  {
    kind: 'freeze Redis',
    needsRedis: true,
    happen: async (it, { random }) => freeze([it.redisPid], 1000 + random() * 4000),
  },
];

/** What can happen to this installation on this machine. @throws Error when that is nothing of what was asked for */
export function faultsFor({ onRedis }: Installation, only?: readonly string[]): readonly Fault[] {
  const possible = faults.filter(({ needsRedis = false, needs = true }) => needs && (onRedis || !needsRedis));
  const wanted = possible.filter(({ kind }) => only?.includes(kind) ?? true);
  if (wanted.length > 0) return wanted;
  throw new Error(`Possible faults are ${possible.map(({ kind }) => kind).join(', ')}.`);
}

function signal(pid: number | undefined, name: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(pid, name);
  } catch {
    // It has ended meanwhile.
  }
}

async function freeze(pids: readonly (number | undefined)[], milliseconds: number): Promise<void> {
  for (const pid of pids) signal(pid, 'SIGSTOP');
  await sleep(milliseconds);
  for (const pid of pids) signal(pid, 'SIGCONT');
}
