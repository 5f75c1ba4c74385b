import { readFile, stat } from 'node:fs/promises';
import { Fault, messageOf } from '../../fault.js';

/** The ids (`jti`) of revoked tokens. */
export interface Revocations {
  has(tokenId: string): boolean;
  /** Reads the list again if it changed. If it cannot be read, the previous list stays in force. */
  refresh(): Promise<void>;
  close(): void;
}

const REFRESH_MS = 2_000;

/**
 * Watches a revocation list: a file with one `jti` per line. Empty lines and lines that start with `#` are ignored.
 * Changes take effect within two seconds.
 * @throws Fault `revocations_unreadable` if the file cannot be read at the start
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
      `Cannot read the revocation list ${file} (${messageOf(error)}). Create the file, or unset REVOCATIONS_FILE.`,
      { cause: error },
    );
  });
  const timer = setInterval(() => void read().catch(onError), REFRESH_MS);
  timer.unref();
  return { has: (tokenId) => ids.has(tokenId), refresh: read, close: () => clearInterval(timer) };
}
