import { readFile, stat } from 'node:fs/promises';
import { Fault, messageOf } from '../../fault.js';

/** The ids (`jti`) of tokens that are refused although they have not expired. */
export interface Revocations {
  has(tokenId: string): boolean;
  /** Reads the list again if it changed; a list that cannot be read leaves the one before in force. */
  refresh(): Promise<void>;
  close(): void;
}

const REFRESH_MS = 2_000;

/**
 * Follows a revocation list: a file with one `jti` a line; empty lines and those that begin with `#` say nothing. A
 * change is in force within two seconds.
 * @throws Fault `revocations_unreadable` when the file cannot be read at the start.
 */
export async function followRevocations(
  file: string,
  onError: (error: unknown) => void = () => undefined,
): Promise<Revocations> {
  let ids = new Set<string>();
  let seen = '';

  async function read(): Promise<void> {
    const { mtimeMs, size, ino } = await stat(file);
    const state = `${mtimeMs} ${size} ${ino}`;
    if (state === seen) return;
    const lines = (await readFile(file, 'utf8')).split('\n').map((line) => line.trim());
    ids = new Set(lines.filter((line) => line !== '' && !line.startsWith('#')));
    seen = state;
  }

  await read().catch((error: unknown) => {
    throw new Fault(
      'revocations_unreadable',
      `The revocation list ${file} cannot be read (${messageOf(error)}): create it, or unset it.`,
      { cause: error },
    );
  });
  const timer = setInterval(() => void read().catch(onError), REFRESH_MS);
  timer.unref();
  return { has: (tokenId) => ids.has(tokenId), refresh: read, close: () => clearInterval(timer) };
}
