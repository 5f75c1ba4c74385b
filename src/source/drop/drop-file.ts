import type { Dirent } from 'node:fs';
import { basename, join } from 'node:path';
import { type Packaging, packagingOf } from './packaging.js';
import { listZipEntries } from './zip-file.js';

/** A file of a drop, in the folder or in an archive. */
export interface DropFile {
  /** The drop's folder. */
  readonly folder: string;
  /** The file on disk. */
  readonly path: string;
  /** The name shown to users: the file's, or `archive.zip/entry.csv`. */
  readonly name: string;
  /** The last part of the name, which says what it is. */
  readonly ownName: string;
  /** All names by which an operator can mean it: also the archive's, when it is the only file in there. */
  readonly names: readonly string[];
  readonly isFolder: boolean;
  /** Whether it can be read now: links are only followed when the file is received. */
  readonly isPlain: boolean;
  /** @throws Fault of `packagingOf` */
  packaging(): Promise<Packaging>;
}

/**
 * The files that an entry of a drop's folder stands for: itself, or those in the archive.
 *
 * @throws Fault file_damaged when it is an archive that cannot be read
 */
export async function filesOfEntry(folder: string, entry: Dirent): Promise<DropFile[]> {
  const path = join(folder, entry.name);
  if (!/\.zip$/i.test(entry.name) || entry.isDirectory()) {
    return [
      {
        folder,
        path,
        name: entry.name,
        ownName: entry.name,
        names: [entry.name],
        isFolder: entry.isDirectory(),
        isPlain: entry.isFile(),
        packaging: () => packagingOf(path, entry),
      },
    ];
  }
  const inside = await listZipEntries(path);
  return inside.map((inner) => {
    const name = `${entry.name}/${inner}`;
    return {
      folder,
      path,
      name,
      ownName: basename(inner),
      names: inside.length === 1 ? [name, entry.name] : [name],
      isFolder: false,
      isPlain: true,
      packaging: async () => ({ compression: 'zip' as const, entry: inner }),
    };
  });
}
