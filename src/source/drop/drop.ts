import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { Fault } from '../../fault.js';
import type { Feed } from '../feed.js';
import { listZipEntries } from './zip-file.js';

/** One file of a drop, matched with its feed. Whether it can be read is found out when it is received. */
export interface Delivery {
  readonly feed: Feed;
  /** The drop's folder. */
  readonly folder: string;
  /** The file on disk. */
  readonly path: string;
  /** The name it is known by: the file's, or `archive.zip/entry.csv`. */
  readonly name: string;
  readonly compression: 'none' | 'gzip' | 'zip';
  /** Which file of the archive, for `zip`. */
  readonly entry?: string;
}

/** A folder of files that came together. */
export interface Drop {
  readonly folder: string;
  /** The month in the folder's name, as YYYY-MM, if there is one. */
  readonly period: string | undefined;
  readonly deliveries: readonly Delivery[];
  /** One sentence for each thing in the folder that is not part of any feed. */
  readonly warnings: readonly string[];
}

/**
 * Looks through a drop's folder. Files are matched with feeds by name (`ratings.csv`, also with a period, and as `.csv.gz`
 * or inside a `.zip`); unknown files are named in a warning; a missing feed is fine.
 *
 * @param only names of the files to look at, as `scanInbox` gives them for loose files; by default all
 * @throws Fault drop_not_found when there is no such folder, drop_without_files when it holds no file of any feed,
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
      warnings.push(`${entry.name} belongs to no feed and was left alone.`);
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
      `${folder} holds no file of any feed (found ${someOf(entries.map(({ name }) => name))}); expected at least one of ${names} (plain, .gz or in a .zip).`,
    );
  }
  return { folder: path, period: periodIn(basename(path)), deliveries, warnings };
}

/** As many names of what was found are told. */
const toldNames = 5;

function someOf(names: readonly string[]): string {
  if (names.length === 0) return 'nothing';
  const more = names.length - toldNames;
  return names.slice(0, toldNames).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** The month a name tells, as YYYY-MM: `2017-08`, `movies_2017-08.csv`. Undefined when it tells none. */
export function periodIn(name: string): string | undefined {
  const match = /(?<!\d)(\d{4})-(0[1-9]|1[0-2])(?!\d)/.exec(name);
  return match === null ? undefined : `${match[1]}-${match[2]}`;
}

/** The feed a file belongs to by its name; a period and a compression in the name do not matter. */
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
      `${path} cannot be read as a folder${whyNot(error)}; give the folder that holds the drop's files.`,
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
    const deliveries: Delivery[] = [];
    for (const inner of await listZipEntries(path)) {
      const feed = /\.csv$/i.test(inner) ? feedOf(basename(inner), feeds) : undefined;
      if (feed === undefined) {
        warnings.push(`${entry.name}/${inner} belongs to no feed and was left alone.`);
      } else {
        deliveries.push({
          feed,
          folder,
          path,
          name: `${entry.name}/${inner}`,
          compression: 'zip',
          entry: inner,
        });
      }
    }
    return deliveries;
  }
  const compression = /\.csv$/i.test(entry.name)
    ? 'none'
    : /\.csv\.gz$/i.test(entry.name)
      ? 'gzip'
      : undefined;
  const feed = compression === undefined ? undefined : feedOf(entry.name, feeds);
  return feed === undefined || compression === undefined
    ? []
    : [{ feed, folder, path, name: entry.name, compression }];
}

/** Folders of others are there and look missing: the rights are what is to be changed then, not the path. */
function whyNot(error: unknown): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EACCES':
    case 'EPERM':
      return ', since its rights do not allow it';
    case 'ENOENT':
      return ', since it is not there';
    case 'ENOTDIR':
      return ', since it is none';
    default:
      return '';
  }
}
