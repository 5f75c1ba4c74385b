import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Feed } from '../feed.js';
import { feedOf, periodIn } from './drop.js';

/** A delivery found in the inbox, complete as far as one can see. */
export interface ReadyDrop {
  /** The folder to read: the drop's own, or the inbox itself for loose files. */
  readonly folder: string;
  /** The month, as YYYY-MM. */
  readonly period: string;
  /** For loose files: the names of those that belong together. Give them to `readDrop`; undefined for a folder. */
  readonly files?: readonly string[];
  /**
   * Tells this state of the delivery from any other: it changes when a file is added or written anew. A flow started under
   * it as idempotency key starts once.
   */
  readonly key: string;
}

/** How an inbox is looked at. */
export interface InboxOptions {
  /** How long nothing may have changed before a delivery is taken for complete, in milliseconds. */
  readonly stableMs: number;
  /** The time to judge by, in milliseconds since 1970; by default the clock. */
  readonly now?: number;
}

interface Found {
  readonly name: string;
  readonly stats: Stats;
}

/**
 * Looks for drops in the inbox: folders named by their period (`2017-08`), and loose files of a feed named with it
 * (`ratings-2017-08.csv`), gathered by period. Hidden files are passed over. A file counts as changed when its content or
 * its name was, whatever modification time the sender gave it.
 *
 * Nothing is moved or written. Whoever starts flows sees to it that each key starts one.
 *
 * @returns the stable ones, the oldest period first; none when there is no such folder
 */
export async function scanInbox(
  folder: string,
  feeds: readonly Feed[],
  options: InboxOptions,
): Promise<ReadyDrop[]> {
  const now = options.now ?? Date.now();
  const found = await listFound(folder);
  const ready: ReadyDrop[] = [];
  const loose = new Map<string, Found[]>();
  for (const entry of found) {
    const period = periodIn(entry.name);
    if (period === undefined) {
      continue;
    }
    if (entry.stats.isDirectory()) {
      const path = join(folder, entry.name);
      const files = await listFound(path);
      if (files.length > 0 && isStable([entry, ...files], now, options.stableMs)) {
        ready.push({ folder: path, period, key: keyOf(path, files) });
      }
    } else if (isDelivered(entry.name, feeds)) {
      loose.set(period, [...(loose.get(period) ?? []), entry]);
    }
  }
  for (const [period, files] of loose) {
    if (isStable(files, now, options.stableMs)) {
      ready.push({ folder, period, files: files.map(({ name }) => name), key: keyOf(folder, files) });
    }
  }
  return ready.sort((left, right) => (left.period < right.period ? -1 : left.period > right.period ? 1 : 0));
}

/**
 * Finds what lies in the inbox and is never taken up: what is named by no month, and loose files of no feed.
 *
 * @returns one sentence for each that has not changed for the stated time; a file under way may have another name yet
 */
export async function findPassedOver(
  folder: string,
  feeds: readonly Feed[],
  options: InboxOptions,
): Promise<string[]> {
  const now = options.now ?? Date.now();
  const sentences: string[] = [];
  for (const entry of await listFound(folder)) {
    const { name, stats } = entry;
    if (!isStable([entry], now, options.stableMs)) continue;
    if (periodIn(name) === undefined) {
      sentences.push(
        `${join(folder, name)} is left alone, since its name tells no month; name it by its month, as in 2017-08.`,
      );
    } else if (!stats.isDirectory() && !isDelivered(name, feeds)) {
      const names = feeds.map((feed) => feed.fileName).join(', ');
      sentences.push(
        `${join(folder, name)} is left alone, since it belongs to no feed; the feeds' files are ${names}.`,
      );
    }
  }
  return sentences;
}

function isDelivered(name: string, feeds: readonly Feed[]): boolean {
  return /\.zip$/i.test(name) || (/\.csv(\.gz)?$/i.test(name) && feedOf(name, feeds) !== undefined);
}

async function listFound(folder: string): Promise<Found[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') {
      return [];
    }
    throw error;
  });
  const found: Found[] = [];
  for (const name of names.filter((candidate) => !candidate.startsWith('.')).sort()) {
    // A link that leads nowhere, or a file taken away meanwhile, is no reason to miss the others.
    const stats = await stat(join(folder, name)).catch(() => undefined);
    if (stats !== undefined) {
      found.push({ name, stats });
    }
  }
  return found;
}

/** The time of the last change of the entry itself cannot be set by the sender, as the modification time can. */
function isStable(found: readonly Found[], now: number, stableMs: number): boolean {
  return found.every(({ stats }) => now - Math.max(stats.ctimeMs, stats.mtimeMs) >= stableMs);
}

function keyOf(folder: string, files: readonly Found[]): string {
  const hash = createHash('sha256').update(folder);
  for (const { name, stats } of files) {
    hash.update(`\n${name}\t${stats.size}\t${stats.mtimeMs}`);
  }
  return `inbox-${hash.digest('hex').slice(0, 32)}`;
}
