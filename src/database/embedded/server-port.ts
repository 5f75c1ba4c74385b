import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Failure } from '../../fault.js';

/** Below the ports that operating systems give to outgoing connections, so that the port is still free at the next start. */
const [firstPort, portCount] = [20_000, 10_000];
const maxProbes = 100;

/**
 * The port for the server of a home: the requested one, or the one of its last start, so that connections saved in other tools stay valid.
 * Another one is chosen only if another process uses it by now.
 * @throws Failure `port_taken` when the requested one is in use
 */
export async function choosePort(home: string, requested?: number): Promise<number> {
  if (requested !== undefined) {
    if (await isFree(requested)) return requested;
    throw new Failure(
      'port_taken',
      `The embedded Postgres cannot listen on 127.0.0.1:${requested}, because another process does; stop that process, or set another POSTGRES_PORT.`,
    );
  }
  const kept = await keptPort(home);
  if (kept !== undefined && (await isFree(kept))) return kept;
  for (let probe = 1; probe <= maxProbes; probe += 1) {
    const port = firstPort + Math.floor(Math.random() * portCount);
    if (await isFree(port)) return port;
  }
  throw new Failure(
    'port_taken',
    `The embedded Postgres found no free port among ${maxProbes} of ${firstPort} to ${firstPort + portCount - 1}; set POSTGRES_PORT to a free one.`,
  );
}

/** The port of the last start of the server of a home. */
export async function keptPort(home: string): Promise<number | undefined> {
  const text = await readFile(fileIn(home), 'utf8').catch(() => '');
  const port = Number(text);
  return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
}

export async function keepPort(home: string, port: number): Promise<void> {
  if ((await keptPort(home)) !== port) await writeFile(fileIn(home), `${port}\n`);
}

/** Whether no process listens on a port. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const probe = createServer();
    probe.once('error', () => done(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => done(true)));
  });
}

function fileIn(home: string): string {
  return join(home, 'postgres-port');
}
