import { Fault } from '../../fault.js';
import type { Feed } from '../feed.js';

/** How a file's header fits its feed. */
export interface HeaderMatch {
  /** The header as found, in the file's order, without surrounding spaces. */
  readonly header: readonly string[];
  /** For each column of the file the feed's column in the feed's own spelling, or undefined when the feed has none. */
  readonly columns: readonly (string | undefined)[];
  /** The header names the feed does not know, in the file's order. Kept as `extra`. */
  readonly extra: readonly string[];
  /** One sentence for each oddity that did not stop the load. */
  readonly warnings: readonly string[];
}

/**
 * Columns a file may have. Postgres has room for no more in a row: short values stay in it, up to 24 bytes each of the 8160
 * there are.
 */
const MAX_COLUMNS = 300;

/**
 * Matches a file's header with the columns of its feed. Columns may come in any order; case and surrounding spaces
 * do not matter; unknown columns are kept and warned about.
 *
 * @param required the columns that must be there: those of the feed, unless what reads them needs others
 * @throws Fault header_separator when the names are divided by another character than commas, header_too_wide when there are too many, header_repeated when a name stands twice, header_unnamed when a name is empty,
 *   header_missing_column when a required column is missing: the message names it and the nearest name found, or, when no name is the feed's, how the file begins
 */
export function matchHeader(
  feed: Feed,
  names: readonly string[],
  fileName: string,
  required: readonly string[] = feed.columns,
): HeaderMatch {
  const header = names.map((name) => name.trim());
  const byFolded = new Map(feed.columns.map((column) => [fold(column), column]));
  refuseOtherSeparator(feed, names, fileName);
  refuseForeign(feed, header, fileName, required);
  refuseUnusable(header, fileName);

  const columns = header.map((name) => byFolded.get(fold(name)));
  const extra = header.filter((_, index) => columns[index] === undefined);
  const found = new Set([...columns, ...header]);
  const missing = required.filter((column) => !found.has(column));
  if (missing.length > 0) {
    throw new Fault('header_missing_column', describeMissing(fileName, missing, extra));
  }
  const warnings = extra.map(
    (name) =>
      `${fileName} has a column “${name}” that feed ${feed.name} does not know; it is kept under extra.`,
  );
  const unread = feed.columns.filter((column) => !columns.includes(column));
  if (unread.length > 0) {
    warnings.push(
      `${fileName} lacks ${unread.join(', ')}, which nothing reads at present; the file was taken.`,
    );
  }
  return { header, columns, extra, warnings };
}

/** What files of values are divided by where it is no comma, and what people call it. */
const otherSeparators = [
  [';', '“;”'],
  ['\t', 'tabs'],
  ['|', '“|”'],
] as const;

/** Read as one name with commas, such a header would lack every column of the feed, and be told so column by column. */
function refuseOtherSeparator(feed: Feed, names: readonly string[], fileName: string): void {
  const known = new Set(feed.columns.map(fold));
  const knownOf = (found: readonly string[]) =>
    new Set(found.map(fold).filter((name) => known.has(name))).size;
  const whole = names.join(',');
  for (const [separator, told] of otherSeparators) {
    const found = whole.split(separator).map((name) => name.trim().replace(/^"(.*)"$/, '$1'));
    if (found.length > 1 && knownOf(found) > knownOf(names)) {
      throw new Fault(
        'header_separator',
        `The header of ${fileName} is separated by ${told}, expected “,”; nothing of the file was loaded. Ask the vendor for a file with commas.`,
      );
    }
  }
}

/** Where no name is known the file is of something else, or lacks its header: to name each column it lacks would hide that. */
function refuseForeign(
  feed: Feed,
  header: readonly string[],
  fileName: string,
  required: readonly string[],
): void {
  const known = new Set([...feed.columns, ...required].map(fold));
  if (!header.some((name) => known.has(fold(name)))) {
    throw new Fault(
      'header_missing_column',
      `${fileName} begins with ${quoteFirst(header, 3)}, and none of that is a column of feed ${feed.name}; a header with ${required.join(', ')} was expected. Nothing of the file was loaded; ask the vendor for a corrected file.`,
    );
  }
}

/**
 * The first names, each cut where it is long: what stands in place of a header can be a whole page. It can be a record,
 * too, whose numbers tell who was meant; what it looks like is told without them.
 */
function quoteFirst(names: readonly string[], most: number): string {
  const longest = 50;
  return names
    .slice(0, most)
    .map((name) => (name.length > longest ? `${name.slice(0, longest)}…` : name))
    .map((name) => `“${name.replace(/\d/g, '#')}”`)
    .join(', ');
}

function refuseUnusable(header: readonly string[], fileName: string): void {
  if (header.length > MAX_COLUMNS) {
    throw new Fault(
      'header_too_wide',
      `The header of ${fileName} has ${header.length} columns, the limit is ${MAX_COLUMNS}; nothing of the file was loaded. Ask the vendor for a corrected file.`,
    );
  }
  const seen = new Map<string, string>();
  header.forEach((name, index) => {
    if (name === '') {
      throw new Fault(
        'header_unnamed',
        `Column ${index + 1} of ${fileName} has no name in the header; every column needs one. Ask the vendor for a corrected file.`,
      );
    }
    const earlier = seen.get(fold(name));
    if (earlier !== undefined) {
      throw new Fault(
        'header_repeated',
        `The header of ${fileName} names a column twice (“${earlier}” and “${name}”), so it is not clear which one holds; ask the vendor for a corrected file.`,
      );
    }
    seen.set(fold(name), name);
  });
}

function describeMissing(fileName: string, missing: readonly string[], extra: readonly string[]): string {
  const parts = missing.map((column) => {
    const nearest = nearestName(column, extra);
    return nearest === undefined ? `“${column}”` : `“${column}” (the nearest name found is “${nearest}”)`;
  });
  const subject = missing.length === 1 ? 'column' : 'columns';
  return `The header of ${fileName} lacks the ${subject} ${parts.join(', ')}; nothing of the file was loaded. Ask the vendor for a corrected file.`;
}

/** The candidate with the fewest edits to `wanted`. */
function nearestName(wanted: string, candidates: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const edits = editDistance(fold(wanted), fold(candidate));
    if (edits < fewest) {
      nearest = candidate;
      fewest = edits;
    }
  }
  return nearest;
}

function fold(name: string): string {
  return name.trim().toLowerCase();
}

/** Levenshtein's distance: insertions, deletions and replacements. */
function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const replaced = row[j - 1]! + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[right.length]!;
}
