import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Delivery } from '../drop/drop.js';
import { type ExpansionLimit, expand } from './expansion.js';

/** Where delivered files are kept. Workers on several hosts share it, mounted at the same place. */
export interface Storage {
  /** `backup/` below it keeps the files as delivered, `expanded/` holds uncompressed ones while they are loaded. */
  readonly folder: string;
  readonly expansionLimit?: ExpansionLimit;
}

/** The uncompressed bytes of a delivery, and how to be rid of them when they are not needed. */
export interface Content {
  readonly path: string;
  discard(): Promise<void>;
}

/** Makes the uncompressed bytes of a delivery readable at random places: the file itself where it is plain. */
export async function openContent(storage: Storage, delivery: Delivery): Promise<Content> {
  if (delivery.compression === 'none') {
    return { path: delivery.path, discard: async () => undefined };
  }
  const path = join(expandedFolder(storage), `${randomUUID()}.csv`);
  await mkdir(dirname(path), { recursive: true });
  await expand(delivery, path, storage.expansionLimit);
  return { path, discard: () => rm(path, { force: true }) };
}

/** Whether a file is one of those `openContent` made. */
export function isExpanded(storage: Storage, path: string): boolean {
  return dirname(path) === expandedFolder(storage);
}

/** Where `openContent` puts what it makes. */
export function expandedFolder(storage: Storage): string {
  return join(storage.folder, 'expanded');
}

/** Removes uncompressed bytes that were made for a load; delivered files and backups stay. */
export async function removeContent(storage: Storage, path: string | null): Promise<void> {
  if (path !== null && isExpanded(storage, path)) {
    await rm(path, { force: true });
  }
}

/** The path of a backup, from the name kept in `source.file.backup_name`. */
export function backupPath(storage: Storage, backupName: string): string {
  return join(storage.folder, 'backup', backupName);
}

/** A delivered file in the backup folder. */
export interface Backup {
  /** Kept in `source.file.backup_name`. */
  readonly name: string;
  /** When its bytes were last changed; another time than the delivered file's where an earlier received left it. */
  readonly modified: Date;
}

/**
 * Links a delivered file into the backup folder, under a name its content decides, so that the vendor may take the drop
 * away. Never copies: where a link is not possible (another disk, not the file's owner) the file is copied after
 * the load, in the background.
 *
 * @param sha256 of the uncompressed bytes of the delivery, hexadecimal
 * @returns undefined when it could not be linked
 */
export async function linkBackup(
  storage: Storage,
  delivery: Delivery,
  period: string,
  sha256: string,
): Promise<Backup | undefined> {
  const delivered = await realpath(delivery.path); // the file, not a link to it
  const fileName = delivery.path.slice(dirname(delivery.path).length + 1);
  const name = join(period, `${sha256.slice(0, 16)}-${fileName}`);
  const target = backupPath(storage, name);
  await mkdir(dirname(target), { recursive: true });
  try {
    await link(delivered, target).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
      if (!(await holdsSame(target, delivered))) await linkOver(delivered, target);
    });
    return { name, modified: (await stat(target)).mtime };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (['EXDEV', 'EPERM', 'EACCES', 'EMLINK', 'ENOTSUP'].includes(code)) {
      return undefined;
    }
    throw error;
  }
}

/**
 * Whether what lies under a backup's name is the delivered file, or has its bytes: left by a received that was killed before
 * it wrote the ledger, it may since have been changed, being the vendor's own file as well.
 */
async function holdsSame(backup: string, delivered: string): Promise<boolean> {
  const [left, right] = await Promise.all([backup, delivered].map((path) => stat(path)));
  if (left!.dev === right!.dev && left!.ino === right!.ino) return true;
  if (left!.size !== right!.size) return false;
  const [one, other] = await Promise.all([backup, delivered].map(checksumOf));
  return one === other;
}

async function checksumOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

async function linkOver(delivered: string, target: string): Promise<void> {
  const beside = `${target}.${randomUUID()}`;
  await link(delivered, beside);
  await rename(beside, target);
}
