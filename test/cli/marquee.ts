import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const command = fileURLToPath(new URL('../../bin/marquee.mjs', import.meta.url));

/** How a command ended and what it wrote. */
export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** A command under way, as a user has it in a terminal of its own. */
export interface Running {
  readonly child: ChildProcess;
  /** All it wrote to standard output so far. */
  said(): string;
  /** Waits until its standard output matches; fails with all it wrote when it ends before. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
  readonly ended: Promise<Ended>;
}

/** The program with its first argument, and nothing in its environment but the home, free ports, and what is given. */
export function commandLine(home: string, given: Record<string, string> = {}) {
  const { PATH = '', HOME = '', TMPDIR = tmpdir() } = process.env;
  return {
    program: [process.execPath, command] as const,
    environment: { PATH, HOME, TMPDIR, MARQUEE_HOME: home, PORT: '0', ...given },
  };
}

/** Starts `marquee` in an environment of its own. */
export function start(home: string, parameters: string[], environment: Record<string, string> = {}): Running {
  const { program, environment: env } = commandLine(home, environment);
  const child = spawn(program[0], [program[1], ...parameters], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return {
    child,
    said: () => stdout,
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(stdout);
          if (match !== null) {
            child.stdout.off('data', look);
            resolve(match);
          }
        };
        child.stdout.on('data', look);
        ended.then(
          () => reject(new Error(`It ended without saying ${pattern}:\n${stdout}${stderr}`)),
          reject,
        );
        look();
      }),
    ended,
  };
}

/** Runs `marquee` to its end. */
export function run(
  home: string,
  parameters: string[],
  environment: Record<string, string> = {},
): Promise<Ended> {
  return start(home, parameters, environment).ended;
}

/** Runs `marquee … --json`, expects it to succeed, and reads its answer. */
// biome-ignore lint/suspicious/noExplicitAny: each command answers with an object of its own.
export async function answer(home: string, parameters: string[], environment = {}): Promise<any> {
  const { code, stdout, stderr } = await run(home, [...parameters, '--json'], environment);
  if (code !== 0) {
    throw new Error(`marquee ${parameters.join(' ')} ended with ${code}: ${stderr}`);
  }
  return JSON.parse(stdout);
}

/** Does what the shell and curl would do with a pasted line `curl …`, on a machine without curl as well. */
export function paste(line: string): Promise<Response> {
  const words = execFileSync('sh', ['-c', `set -- ${line}; printf '%s\\0' "$@"`], { encoding: 'utf8' }).split(
    '\0',
  );
  const after = (option: string) =>
    words.flatMap((word, index) => (word === option ? [words[index + 1]!] : []));
  return fetch(words.find((word) => word.startsWith('http'))!, {
    method: 'POST',
    headers: after('-H').map((header) => header.split(/:\s*/, 2) as [string, string]),
    body: after('-d')[0]!,
  });
}

/** The number of the Postgres server process of a home, also when it has ended without tidying up. */
export function postmasterOf(home: string): number | undefined {
  const file = join(home, 'postgres/data/postmaster.pid');
  return existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[0]) : undefined;
}

/** What a command that has ended must not leave under its home: processes, locks, and files that name it. */
export async function leftovers(home: string): Promise<string[]> {
  // Postgres takes its pid file away a moment before its process is gone.
  for (let waited = 0; waited < 3000 && processesUnder(home).length > 0; waited += 50) {
    await sleep(50);
  }

  const names = new Set(await readdir(home));
  const stale = ['lock', 'server.json'].filter((name) => names.has(name));
  const registered = names.has('processes') ? await readdir(join(home, 'processes')) : [];
  return [
    ...stale,
    ...registered.map((pid) => `processes/${pid}`),
    ...processesUnder(home).map((pid) => `process ${pid}`),
  ];
}

/** Processes whose command line names the home (told by Linux only), and the home's Postgres. */
export function processesUnder(home: string): number[] {
  const found = new Set<number>();
  const postmaster = postmasterOf(home);
  if (postmaster !== undefined) {
    found.add(postmaster);
  }
  const pids = existsSync('/proc') ? readdirSync('/proc').filter((name) => /^\d+$/.test(name)) : [];
  for (const pid of pids) {
    try {
      if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(home)) {
        found.add(Number(pid));
      }
    } catch {
      // It ended while it was looked at.
    }
  }
  return [...found];
}

export function killIfAlive(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}
