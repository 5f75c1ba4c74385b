import type { Feed } from '../feed.js';
import { nearestName } from '../header/nearest-name.js';
import { findMonths } from './month-in-name.js';

/** The feed a file belongs to by its name; case, dates and a compression in the name are ignored. */
export function feedOf(fileName: string, feeds: readonly Feed[]): Feed | undefined {
  const bare = bareName(fileName.replace(/\.gz$/i, '').replace(/\.csv$/i, ''));
  return feeds.find((feed) => stemOf(feed) === bare);
}

/**
 * Why a file cannot be part of a drop by its name, as a sentence; undefined when it belongs to a feed or is an archive.
 */
export function complaintOfFileName(fileName: string, feeds: readonly Feed[]): string | undefined {
  if (/\.zip$/i.test(fileName)) return undefined;
  if (/\.csv(\.gz)?$/i.test(fileName) && feedOf(fileName, feeds) !== undefined) return undefined;
  const names = feeds.map((feed) => feed.fileName).join(', ');
  return `The file name ${fileName} belongs to no feed. Expected ${names}, also as .csv.gz, with a date in the name, or in a .zip.`;
}

/** Endings of files that describe others, so that their names contain those of feeds. */
const descriptions =
  /\.(md5|sha\d*|sfv|sig|asc|gpg|done|ok|ctl|log|md|rst|pdf|html?|docx?|sql|py|ipynb|png|jpe?g)$/i;

/** One typing error in so many characters. */
const charactersPerEdit = 4;

/**
 * The feed whose file name a name resembles: after a typing error, with other separators, with additional words such as `v2` or
 * `small`, or with another ending. Undefined also for a file that only describes another, such as a checksum.
 */
export function nearFeedOf(fileName: string, feeds: readonly Feed[]): Feed | undefined {
  if (descriptions.test(fileName)) return undefined;
  const bare = bareName(fileName.replace(/(\.[a-z][a-z0-9]{0,9})+$/i, ''));
  const words = wordsOf(bare);
  // Among feeds whose words it contains, the longest one explains most of the name.
  const contained = feeds
    .filter((feed) => contains(words, wordsOf(stemOf(feed))))
    .sort((left, right) => right.fileName.length - left.fileName.length)[0];
  if (contained !== undefined) return contained;
  return feeds.find(
    (feed) =>
      nearestName(joined(stemOf(feed)), [joined(bare), joined(withoutCopy(bare))], charactersPerEdit) !==
      undefined,
  );
}

/** The columns a header must share with a feed to be taken for it: most of the feed's, and half of its own. */
const feedShare = 0.8;
const headerShare = 0.5;

/** The feed whose columns these names are; undefined when they resemble those of none. */
export function feedOfHeader(names: readonly string[], feeds: readonly Feed[]): Feed | undefined {
  const given = new Set(names.map(folded));
  const matches = feeds
    .map((feed) => ({ feed, columns: feed.columns.filter((column) => given.has(folded(column))).length }))
    .filter(
      ({ feed, columns }) =>
        columns >= feedShare * feed.columns.length && columns >= headerShare * given.size,
    )
    .sort((left, right) => right.columns - left.columns);
  return matches[0]?.feed;
}

function stemOf(feed: Feed): string {
  return feed.fileName.toLowerCase().replace(/\.csv$/, '');
}

function bareName(stem: string): string {
  return findMonths(stem).rest.toLowerCase();
}

function wordsOf(name: string): string[] {
  return name.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '');
}

function joined(name: string): string {
  return wordsOf(name).join('');
}

/** File managers and browsers add such words to the name of a copy. */
function withoutCopy(name: string): string {
  return name.replace(/^copy of /, '').replace(/( - copy)?\s*(\(\d+\))?$/, '');
}

function contains(words: readonly string[], wanted: readonly string[]): boolean {
  return words.some((_word, at) => wanted.every((word, index) => words[at + index] === word));
}

function folded(name: string): string {
  return name.trim().toLowerCase();
}
