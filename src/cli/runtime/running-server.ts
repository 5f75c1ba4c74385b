import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive, processIdentity } from '../../database/embedded/process-identity.js';

/** Where the server of a home can be reached. */
export interface RunningServer {
  readonly process: string;
  readonly apiUrl: string;
  readonly issuerUrl: string;
}

/** Records for other commands of this home that a server is running. */
export async function announceServer(home: string, urls: Omit<RunningServer, 'process'>): Promise<void> {
  await mkdir(home, { recursive: true });
  await writeFile(fileIn(home), JSON.stringify({ process: processIdentity(), ...urls }));
}

export async function withdrawServer(home: string): Promise<void> {
  await rm(fileIn(home), { force: true });
}

/** The server that is running under this home, if any. */
export async function findServer(home: string): Promise<RunningServer | undefined> {
  const text = await readFile(fileIn(home), 'utf8').catch(() => undefined);
  const server: RunningServer | undefined = text === undefined ? undefined : JSON.parse(text);
  return server !== undefined && isAlive(server.process) ? server : undefined;
}

function fileIn(home: string): string {
  return join(home, 'server.json');
}
