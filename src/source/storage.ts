import { randomUUID } from 'node:crypto';
import { link, mkdir, realpath, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Delivery } from './drop.js';
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

/**
 * Links a delivered file into the backup folder, under a name its content decides, so that the vendor may take the drop
 * away. Never copies: where a link is not possible (another disk, not the file's owner) the file is copied after
 * the load, in the background.
 *
 * @returns the backup's name, or undefined when it could not be linked
 */
export async function linkBackup(
  storage: Storage,
  delivery: Delivery,
  period: string,
  sha256: string,
): Promise<string | undefined> {
  const fileName = delivery.path.slice(dirname(delivery.path).length + 1);
  const backupName = join(period, `${sha256.slice(0, 16)}-${fileName}`);
  const target = backupPath(storage, backupName);
  await mkdir(dirname(target), { recursive: true });
  try {
    await link(await realpath(delivery.path), target); // the file, not a link to it
    return backupName;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (code === 'EEXIST') {
      return backupName;
    }
    if (['EXDEV', 'EPERM', 'EACCES', 'EMLINK', 'ENOTSUP'].includes(code)) {
      return undefined;
    }
    throw error;
  }
}
