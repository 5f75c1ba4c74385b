import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { Fault } from '../../fault.js';
import type { Feed } from '../feed.js';
import { packagingOf } from './packaging.js';
import { listZipEntries } from './zip-file.js';

/** One file of a drop, matched with its feed. Whether it can be read is checked when it is received. */
export interface Delivery {
  readonly feed: Feed;
  /** The drop's folder. */
  readonly folder: string;
  /** The file on disk. */
  readonly path: string;
  /** The name shown to users: the file's, or `archive.zip/entry.csv`. */
  readonly name: string;
  readonly compression: 'none' | 'gzip' | 'zip';
  /** Which file of the archive, for `zip`. */
  readonly entry?: string;
}

/** A folder of files that were delivered together. */
export interface Drop {
  readonly folder: string;
  /** The month in the folder's name, as YYYY-MM; undefined when the name contains none. */
  readonly period: string | undefined;
  readonly deliveries: readonly Delivery[];
  /** One sentence for each entry of the folder that belongs to no feed. */
  readonly warnings: readonly string[];
}

/**
 * Lists the files of a drop. Files are matched with feeds by name (`ratings.csv`, also with a period, and as `.csv.gz`
 * or inside a `.zip`). Unknown files give a warning; a feed without a file is accepted.
 *
 * @param only names of the files to use, as `scanInbox` returns them for loose files; by default all
 * @throws Fault drop_not_found when the folder does not exist, drop_without_files when it contains no file of any feed,
 *   file_damaged with a sentence for each archive that cannot be read
 */
export async function readDrop(
  folder: string,
  feeds: readonly Feed[],
  only?: readonly string[],
): Promise<Drop> {
  const path = resolve(folder);
  const entries = (await listFolder(path)).filter((entry) => only?.includes(entry.name) ?? true);
  const deliveries: Delivery[] = [];
  const warnings: string[] = [];
  const damaged: Fault[] = [];
  for (const entry of entries) {
    const found = await matchEntry(path, entry, feeds, warnings).catch((error: unknown) => {
      if (!(error instanceof Fault)) throw error;
      damaged.push(error);
      return undefined;
    });
    if (found === undefined) continue;
    if (found.length === 0) {
      warnings.push(`${entry.name} belongs to no feed and was ignored.`);
    }
    deliveries.push(...found);
  }
  if (damaged.length > 0) {
    throw new Fault(damaged[0]!.code, damaged.map(({ message }) => message).join(' '), {
      cause: damaged[0],
    });
  }
  if (deliveries.length === 0) {
    const names = feeds.map((feed) => feed.fileName).join(', ');
    throw new Fault(
      'drop_without_files',
      `${folder} contains no file of any feed (found ${someOf(entries.map(({ name }) => name))}); expected at least one of ${names} (plain, .gz or in a .zip).`,
    );
  }
  return { folder: path, period: periodIn(basename(path)), deliveries, warnings };
}

/** Maximum number of names in a message. */
const NAMES_SHOWN = 5;

function someOf(names: readonly string[]): string {
  if (names.length === 0) return 'nothing';
  const more = names.length - NAMES_SHOWN;
  return names.slice(0, NAMES_SHOWN).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** The month in a name, as YYYY-MM: `2017-08`, `movies_2017-08.csv`. Undefined when it contains none. */
export function periodIn(name: string): string | undefined {
  const match = /(?<!\d)(\d{4})-(0[1-9]|1[0-2])(?!\d)/.exec(name);
  return match === null ? undefined : `${match[1]}-${match[2]}`;
}

/** The feed a file belongs to by its name; a period and a compression in the name are ignored. */
export function feedOf(fileName: string, feeds: readonly Feed[]): Feed | undefined {
  const bare = stem(fileName.replace(/\.gz$/i, ''));
  return feeds.find((feed) => stem(feed.fileName) === bare);
}

function stem(fileName: string): string {
  return fileName
    .toLowerCase()
    .replace(/\.csv$/, '')
    .replace(/[-_.]?(?<!\d)\d{4}-\d{2}(?!\d)[-_.]?/, '');
}

async function listFolder(path: string): Promise<Dirent[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries
      .filter((entry) => !entry.name.startsWith('.'))
      .sort((left, right) => (left.name < right.name ? -1 : 1));
  } catch (error) {
    throw new Fault(
      'drop_not_found',
      `${path} cannot be read as a folder${whyNot(error)}. Specify the folder that contains the drop's files.`,
      { cause: error },
    );
  }
}

async function matchEntry(
  folder: string,
  entry: Dirent,
  feeds: readonly Feed[],
  warnings: string[],
): Promise<Delivery[]> {
  const path = join(folder, entry.name);
  if (/\.zip$/i.test(entry.name)) {
    return await matchArchive(folder, entry.name, feeds, warnings);
  }
  const feed = /\.csv(\.gz)?$/i.test(entry.name) ? feedOf(entry.name, feeds) : undefined;
  return feed === undefined
    ? []
    : [{ feed, folder, path, name: entry.name, ...(await packagingOf(path, entry)) }];
}

async function matchArchive(
  folder: string,
  archive: string,
  feeds: readonly Feed[],
  warnings: string[],
): Promise<Delivery[]> {
  const path = join(folder, archive);
  const deliveries: Delivery[] = [];
  for (const inner of await listZipEntries(path)) {
    const name = `${archive}/${inner}`;
    const feed = /\.csv$/i.test(inner) ? feedOf(basename(inner), feeds) : undefined;
    if (feed === undefined) {
      warnings.push(`${name} belongs to no feed and was ignored.`);
    } else {
      deliveries.push({ feed, folder, path, name, compression: 'zip', entry: inner });
    }
  }
  return deliveries;
}

/** A folder that may not be read can look as if it were missing: then its permissions have to change, not the path. */
function whyNot(error: unknown): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EACCES':
    case 'EPERM':
      return ' because its permissions do not allow it';
    case 'ENOENT':
      return ' because it does not exist';
    case 'ENOTDIR':
      return ' because it is a file';
    default:
      return '';
  }
}
