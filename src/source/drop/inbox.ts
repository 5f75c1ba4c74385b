import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../../fault.js';
import type { Feed } from '../feed.js';
import { readDrop } from './drop.js';
import { feedOf } from './feed-of-file.js';
import { findMonths, periodIn } from './month-in-name.js';

/** A delivery found in the inbox that has not changed for some time, so it is taken as complete. */
export interface ReadyDrop {
  /** The folder to read: the drop's folder, or the inbox for loose files. */
  readonly folder: string;
  /** The month, as YYYY-MM. */
  readonly period: string;
  /** For loose files: the names of those that belong together, for `readDrop`. Undefined for a folder. */
  readonly files?: readonly string[];
  /**
   * Identifies this state of the delivery: it changes when a file is added or rewritten. Used as idempotency key, it
   * starts one run for each state.
   */
  readonly key: string;
}

/** How to scan an inbox. */
export interface InboxOptions {
  /** How long a delivery must not have changed to be taken as complete, in milliseconds. */
  readonly stableMs: number;
  /** The current time in milliseconds since 1970; by default that of the system. */
  readonly now?: number;
}

interface Found {
  readonly name: string;
  readonly stats: Stats;
}

/**
 * Finds drops in the inbox: folders named by their period (`2017-08`), and loose files with the period in their name that
 * belong to a feed or may belong to one (`ratings-2017-08.csv`), grouped by period. Hidden files are ignored. A file counts as changed when its content or
 * its name changed, whatever modification time the sender set.
 *
 * Nothing is moved or written. The caller must start one run for each key.
 *
 * @returns the complete ones, the oldest period first; an empty list when the folder does not exist
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
    } else if (await isDelivered(folder, entry.name, feeds)) {
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
 * Finds entries of the inbox that are never ingested: those without a month in their name, and loose files of no feed.
 *
 * @returns one sentence for each that has not changed for the stated time; a file that is still being copied may be renamed
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
        `Ignored ${join(folder, name)}: ${whyNoPeriod(name)}. Name it by its month, such as 2017-08.`,
      );
    } else if (!stats.isDirectory() && !(await isDelivered(folder, name, feeds))) {
      const names = feeds.map((feed) => feed.fileName).join(', ');
      sentences.push(
        `Ignored ${join(folder, name)}: it belongs to no feed. The files of the feeds are ${names}.`,
      );
    }
  }
  return sentences;
}

function whyNoPeriod(name: string): string {
  const { found } = findMonths(name);
  if (found.length === 0) return 'its name contains no month';
  const months = [...new Set(found.flatMap((each) => each.months))].join(' or ');
  return `the month in its name is unclear (${months})`;
}

/** Whether a loose file belongs to a feed, or may belong to one: then the run of its drop asks. */
async function isDelivered(folder: string, name: string, feeds: readonly Feed[]): Promise<boolean> {
  if (/\.zip$/i.test(name)) return true;
  if (/\.csv(\.gz)?$/i.test(name) && feedOf(name, feeds) !== undefined) return true;
  try {
    await readDrop(folder, feeds, { only: [name] });
    return true;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return error.code !== 'drop_without_files';
  }
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
    // A broken link, or a file that was just removed, must not hide the others.
    const stats = await stat(join(folder, name)).catch(() => undefined);
    if (stats !== undefined) {
      found.push({ name, stats });
    }
  }
  return found;
}

/** The sender can set the modification time, but not the change time. */
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
