import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A PgBouncer in front of the database of a URL. */
export interface PgBouncer {
  /** The same URL through it. */
  readonly url: string;
  close(): Promise<void>;
}

/** Whether the program is installed. */
export function hasPgBouncer(): boolean {
  return spawnSync('pgbouncer', ['--version']).status === 0;
}

/** Starts a PgBouncer in transaction mode with few connections, so that clients share them all the time. */
export async function startPgBouncer(url: string, connections = 3): Promise<PgBouncer> {
  const target = new URL(url);
  const user = decodeURIComponent(target.username);
  const password = decodeURIComponent(target.password);
  const name = target.pathname.slice(1);
  const host = target.searchParams.get('host') ?? target.hostname;
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'marquee-pgbouncer-'));
  await chmod(folder, 0o755);
  await writeFile(join(folder, 'users.txt'), `"${user}" "${password}"\n`);
  await writeFile(
    join(folder, 'pgbouncer.ini'),
    `[databases]
${name} = host=${host} port=${target.port || 5432} dbname=${name} user=${user} password=${password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${folder}/users.txt
pool_mode = transaction
default_pool_size = ${connections}
max_client_conn = 200
ignore_startup_parameters = extra_float_digits
`,
  );
  // It refuses to run as root.
  const as = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const bouncer = spawn('pgbouncer', [...as, join(folder, 'pgbouncer.ini')], { stdio: 'pipe' });
  let said = '';
  bouncer.stderr.on('data', (text) => {
    said += text;
  });
  for (let tries = 0; !(await answers(port)); tries++) {
    if (tries > 100 || bouncer.exitCode !== null) throw new Error(`PgBouncer did not start: ${said}`);
    await sleep(50);
  }
  const through = new URL(url);
  through.searchParams.delete('host');
  through.hostname = '127.0.0.1';
  through.port = String(port);
  return {
    url: through.href,
    async close() {
      const ended = once(bouncer, 'exit');
      bouncer.kill('SIGQUIT');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
