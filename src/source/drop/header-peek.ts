import { open } from 'node:fs/promises';
import { constants, gunzipSync } from 'node:zlib';
import { readZipEntry } from './zip-file.js';

/** Bytes read from the start of a file. */
const peekBytes = 16 * 1024;

/** Where a file's bytes are. */
interface Packed {
  readonly path: string;
  readonly compression: 'none' | 'gzip' | 'zip';
  readonly entry?: string;
}

/**
 * The names in the first line of a file, whatever separates them, to find out which feed it may belong to. It accepts UTF-16 and
 * files that would be refused later: only what the names resemble is asked.
 *
 * @returns none for a file that cannot be read; what is wrong with it is reported when it is received
 */
export async function peekHeader(file: Packed): Promise<string[]> {
  const head = await readStart(file).catch(() => undefined);
  if (head === undefined) return [];
  const text = head
    .toString('utf8')
    .replaceAll('\0', '')
    // The marks of UTF-8 and UTF-16.
    .replace(/^[\ufeff\ufffd]+/, '')
    .replace(/^"?sep=."?\r?\n/i, '');
  const line = /^[^\r\n]*/.exec(text)![0];
  return line.split(/[,;\t|]/).map((name) => name.trim().replace(/^"(.*)"$/, '$1'));
}

async function readStart({ path, compression, entry }: Packed): Promise<Buffer | undefined> {
  if (compression === 'zip') return await startOfEntry(path, entry ?? '');
  const file = await open(path);
  try {
    const head = Buffer.alloc(peekBytes);
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    const start = head.subarray(0, bytesRead);
    // A file cut off in the middle of its compressed stream still gives its beginning.
    return compression === 'gzip'
      ? gunzipSync(start, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, peekBytes)
      : start;
  } finally {
    await file.close();
  }
}

async function startOfEntry(path: string, entry: string): Promise<Buffer | undefined> {
  let start: Buffer | undefined;
  await readZipEntry(path, entry, async ([content]) => {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of content) {
      chunks.push(chunk as Buffer);
      size += (chunk as Buffer).length;
      if (size >= peekBytes) break;
    }
    start = Buffer.concat(chunks);
  });
  return start;
}
