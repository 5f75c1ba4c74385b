import type { Dirent } from 'node:fs';
import { open } from 'node:fs/promises';
import { Fault } from '../../fault.js';
import { KIND_BYTES, kindOf } from '../header/file-kind.js';
import { listZipEntries } from './zip-file.js';

/** How a delivered file is compressed. */
export interface Packaging {
  readonly compression: 'none' | 'gzip' | 'zip';
  /** The only file of a zip archive. */
  readonly entry?: string;
}

/**
 * How a file named `.csv` or `.csv.gz` is compressed, by its first bytes: senders compress or unpack files and keep their names.
 * A file whose bytes are neither compressed nor text is taken by its name, and refused when it is received.
 *
 * @throws Fault file_damaged when it is a zip archive that does not contain exactly one CSV file
 */
export async function packagingOf(path: string, entry: Dirent): Promise<Packaging> {
  const named: Packaging = { compression: /\.gz$/i.test(entry.name) ? 'gzip' : 'none' };
  // A link may lead out of the drop, and is checked when the file is received.
  const head = entry.isFile() ? await readHead(path) : undefined;
  if (head === undefined) return named;
  const kind = kindOf(head);
  if (kind === 'gzip') return { compression: 'gzip' };
  if (kind === 'zip') return { compression: 'zip', entry: await onlyEntry(path) };
  const isText = kind === undefined && !head.includes(0);
  return isText && head.length > 0 ? { compression: 'none' } : named;
}

async function readHead(path: string): Promise<Buffer | undefined> {
  // A file that cannot be opened is reported when it is received.
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const head = Buffer.alloc(KIND_BYTES);
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    return head.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function onlyEntry(path: string): Promise<string> {
  const names = await listZipEntries(path);
  const [only] = names;
  if (only === undefined || names.length > 1 || !/\.csv$/i.test(only)) {
    throw new Fault(
      'file_damaged',
      `${path} is a zip archive with ${names.length === 0 ? 'no files' : names.join(', ')}, expected one CSV file. Deliver it as .csv, or name the archive .zip.`,
    );
  }
  return only;
}
