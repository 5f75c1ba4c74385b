import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { packageRoot } from '../src/package-root.js';

const startLimitMs = 120_000;
const commandLimitMs = 300_000;

/** An installation with its home, its server process and, if it uses one, its Redis; all started here. */
export class Installation {
  static readonly hasRedis = spawnSync('redis-server', ['--version']).status === 0;

  readonly #onRedis: boolean;
  #server: ChildProcess | undefined;
  #redis: ChildProcess | undefined;
  #port: number | undefined;
  #redisPort: number | undefined;
  #environment: Readonly<Record<string, string>> = {};

  constructor(
    readonly home: string,
    { onRedis = false }: { onRedis?: boolean } = {},
  ) {
    this.#onRedis = onRedis;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get onRedis(): boolean {
    return this.#onRedis;
  }

  /** The process of the server and its database, if they run. */
  get serverPid(): number | undefined {
    return this.#server?.exitCode === null && this.#server.signalCode === null ? this.#server.pid : undefined;
  }

  get redisPid(): number | undefined {
    return this.#redis?.exitCode === null && this.#redis.signalCode === null ? this.#redis.pid : undefined;
  }

  /** Starts Redis and the server. */
  async start(drops: readonly string[] = []): Promise<void> {
    await mkdir(this.home, { recursive: true });
    this.#port ??= await freePort();
    if (this.#onRedis) await this.startRedis();
    const server = this.#spawn(['up', ...drops]);
    this.#server = server;
    let said = '';
    server.stdout!.on('data', (text) => {
      said += text;
    });
    server.stderr!.on('data', (text) => {
      said += text;
    });
    for (const end = Date.now() + startLimitMs; Date.now() < end; await sleep(200)) {
      if (server.exitCode !== null || server.signalCode !== null) {
        throw new Error(`The server did not start: ${said.slice(-500)}`);
      }
      if (said.includes('Ctrl-C stops')) return;
    }
    throw new Error(`The server did not start in time: ${said.slice(-500)}`);
  }

  async startRedis(): Promise<void> {
    this.#redisPort ??= await freePort();
    const options = [
      '--port',
      String(this.#redisPort),
      '--dir',
      this.home,
      '--appendonly',
      'yes',
      '--save',
      '',
    ];
    this.#redis = spawn('redis-server', [...options, '--bind', '127.0.0.1'], { stdio: 'ignore' });
    await sleep(500);
  }

  /** Starts what was killed. A server that stands still for a while may need several attempts. */
  async ensureStarted(): Promise<void> {
    if (this.#onRedis && this.redisPid === undefined) await this.startRedis();
    if (this.serverPid === undefined) {
      await this.start().catch(async () => {
        await sleep(3000);
        await this.start();
      });
    }
  }

  /** From the next start on, with these environment variables in addition. */
  withEnvironment(environment: Readonly<Record<string, string>>): void {
    this.#environment = environment;
  }

  /** Runs a command to its end. `output` is all that it printed, `result` without its messages. */
  async run(command: readonly string[]): Promise<{ code: number | null; output: string; result: string }> {
    const child = this.#spawn(command);
    let output = '';
    let result = '';
    child.stdout!.on('data', (text) => {
      output += text;
      result += text;
    });
    child.stderr!.on('data', (text) => {
      output += text;
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), commandLimitMs);
    const [code] = (await once(child, 'close')) as [number | null];
    clearTimeout(timer);
    return { code, output, result };
  }

  /** Starts a command without waiting for it. */
  begin(command: readonly string[]): ChildProcess {
    return this.#spawn(command);
  }

  /** The text of all published reports, by name. */
  async exportAll(reports: readonly string[]): Promise<Map<string, string>> {
    const texts = new Map<string, string>();
    for (const report of reports) {
      const { code, output, result } = await this.run(['export', report]);
      if (code !== 0) throw new Error(`${report} cannot be exported: ${output.slice(-300)}`);
      texts.set(report, result);
    }
    return texts;
  }

  /** The processes of the embedded database; the postmaster first. */
  databasePids(): number[] {
    const file = join(this.home, 'postgres', 'postmaster.pid');
    const found = existsSync(file) ? [file] : filesNamed(join(this.home, 'postgres'), 'postmaster.pid');
    if (found.length === 0) return [];
    const postmaster = Number(readFileSync(found[0]!, 'utf8').split('\n')[0]);
    return [postmaster, ...childrenOf(postmaster)].filter((pid) => existsSync(`/proc/${pid}`));
  }

  async stop(): Promise<void> {
    if (this.serverPid !== undefined) {
      this.#server!.kill('SIGINT');
      await Promise.race([once(this.#server!, 'exit'), sleep(30_000)]);
    }
    for (const pid of [this.serverPid, ...this.databasePids(), this.redisPid]) {
      if (pid === undefined) continue;
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended meanwhile.
      }
    }
  }

  #spawn(command: readonly string[]): ChildProcess {
    return spawn(process.execPath, [join(packageRoot, 'bin/marquee.mjs'), ...command], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        MARQUEE_HOME: this.home,
        ...(this.#port === undefined ? {} : { PORT: String(this.#port) }),
        ...(this.#onRedis ? { REDIS_URL: `redis://127.0.0.1:${this.#redisPort}` } : {}),
        ...this.#environment,
      },
    });
  }
}

function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return text.split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function filesNamed(folder: string, name: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(folder, entry.name, name)))
    .map((entry) => join(folder, entry.name, name));
}

/** Of two neighbours that are free: the built-in issuer uses the next one. */
async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const next = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      next.once('error', () => resolve(false)).listen(port + 1, '127.0.0.1', () => resolve(true));
    });
    next.close();
    server.close();
    await once(server, 'close');
    if (isFree) return port;
  }
}
