import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Delivery } from '../drop/drop.js';
import { type ExpansionLimit, expand } from './expansion.js';

/** Where delivered files are kept. Workers on several hosts share it, mounted at the same path. */
export interface Storage {
  /** `backup/` in it keeps the files as delivered, `expanded/` the uncompressed ones while they are loaded. */
  readonly folder: string;
  readonly expansionLimit?: ExpansionLimit;
}

/** A file with the uncompressed bytes of a delivery. `discard` removes it if it was made for the load. */
export interface Content {
  readonly path: string;
  discard(): Promise<void>;
}

/** Opens the uncompressed bytes of a delivery for random access: the delivered file itself if it is not compressed. */
export async function openContent(storage: Storage, delivery: Delivery): Promise<Content> {
  if (delivery.compression === 'none') {
    return { path: delivery.path, discard: async () => undefined };
  }
  const path = join(expandedFolder(storage), `${randomUUID()}.csv`);
  await mkdir(dirname(path), { recursive: true });
  await expand(delivery, path, storage.expansionLimit);
  return { path, discard: () => rm(path, { force: true }) };
}

/** Whether `openContent` wrote this file. */
export function isExpanded(storage: Storage, path: string): boolean {
  return dirname(path) === expandedFolder(storage);
}

/** Where `openContent` writes its files. */
export function expandedFolder(storage: Storage): string {
  return join(storage.folder, 'expanded');
}

/** Removes uncompressed bytes that were written for a load. Delivered files and backups stay. */
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
  /** When its bytes last changed; differs from the delivered file when an earlier attempt linked the backup. */
  readonly modified: Date;
}

/**
 * Links a delivered file into the backup folder, under a name derived from its content, so that the vendor may remove the
 * drop. It never copies: if a link is not possible (another disk, another owner), the file is copied after the load, in the
 * background.
 *
 * @param sha256 of the uncompressed bytes of the delivery, hexadecimal
 * @returns undefined when the file could not be linked
 */
export async function linkBackup(
  storage: Storage,
  delivery: Delivery,
  period: string,
  sha256: string,
): Promise<Backup | undefined> {
  const delivered = await realpath(delivery.path); // the file, not a link to it
  const fileName = fileNameFor(delivery);
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

/** The file's name, with the ending that matches its compression. */
function fileNameFor({ path, compression }: Delivery): string {
  const plain = basename(path).replace(/\.(gz|zip)$/i, '');
  const endings = { none: '', gzip: '.gz', zip: '.zip' };
  return plain + endings[compression];
}

/**
 * Whether the file at a backup's path is the delivered file or has the same bytes. It exists if an attempt was killed before it
 * wrote the ledger, and may have changed since, because it is a link to the vendor's file.
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
  const temporary = `${target}.${randomUUID()}`;
  await link(delivered, temporary);
  await rename(temporary, target);
}
