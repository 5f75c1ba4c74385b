import { Fault } from '../../fault.js';
import type { Feed } from '../feed.js';
import { nearestName } from './nearest-name.js';
import { visible } from './visible-text.js';

/** How a file's header matches its feed. */
export interface HeaderMatch {
  /** The header as found, in the file's order, without surrounding spaces. */
  readonly header: readonly string[];
  /** For each column of the file the feed's column in the feed's spelling, or undefined when the feed does not have it. */
  readonly columns: readonly (string | undefined)[];
  /** The header names that the feed does not know, in the file's order. Kept as `extra`. */
  readonly extra: readonly string[];
  /** One sentence for each irregularity that did not stop the load. */
  readonly warnings: readonly string[];
}

/**
 * Maximum number of columns. A Postgres row has room for no more: short values stay in it, up to 24 bytes each of its 8160
 * bytes.
 */
const MAX_COLUMNS = 300;

/**
 * Matches a file's header with the columns of its feed. Columns may come in any order; case and surrounding spaces
 * do not matter. Unknown columns are kept, with a warning. Columns without a name are kept if they have values.
 *
 * @param required the columns that must exist; by default those of the feed
 * @throws Fault header_separator when the names are separated by something other than commas, header_too_wide when there are too
 *   many, header_repeated when a name occurs twice, header_missing_column when a required column is missing
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
  const warnings = header.flatMap((name, index) =>
    columns[index] === undefined ? [warningOf(feed, fileName, name, index)] : [],
  );
  const unread = feed.columns.filter((column) => !columns.includes(column));
  if (unread.length > 0) {
    warnings.push(
      `${fileName} does not have the columns ${unread.join(', ')}. The current mapping does not read them, so the file was accepted.`,
    );
  }
  return { header, columns, extra, warnings };
}

/** The name under which the values of a column without a name are kept. */
export function nameOfUnnamed(index: number): string {
  return `column ${index + 1}`;
}

function warningOf(feed: Feed, fileName: string, name: string, index: number): string {
  return name === ''
    ? `Column ${index + 1} of ${fileName} has no name; its values, if it has any, are kept under extra as “${nameOfUnnamed(index)}”.`
    : `${fileName} has a column “${visible(name)}” that feed ${feed.name} does not know; it is kept under extra.`;
}

/** Separators other than the comma, and their names in messages. */
const otherSeparators = [
  [';', '“;”'],
  ['\t', 'tabs'],
  ['|', '“|”'],
] as const;

/** Read with commas, such a header would be one name, and every column of the feed would be reported as missing. */
function refuseOtherSeparator(feed: Feed, names: readonly string[], fileName: string): void {
  const known = new Set(feed.columns.map(fold));
  const knownOf = (found: readonly string[]) =>
    new Set(found.map(fold).filter((name) => known.has(name))).size;
  const whole = names.join(',');
  for (const [separator, description] of otherSeparators) {
    const found = whole.split(separator).map((name) => name.trim().replace(/^"(.*)"$/, '$1'));
    if (found.length > 1 && knownOf(found) > knownOf(names)) {
      throw new Fault(
        'header_separator',
        `The header of ${fileName} is separated by ${description}, expected “,”. Nothing was loaded. Ask the vendor for a file with commas.`,
      );
    }
  }
}

/** If no name is known, the file contains something else or has no header: a list of missing columns would hide that. */
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
      `${fileName} begins with ${quoteFirst(header, 3)}, which are not columns of feed ${feed.name}. Expected a header with ${required.join(', ')}. Nothing was loaded. Ask the vendor for a corrected file.`,
    );
  }
}

/**
 * The first names, shortened: in place of a header there can be a whole page. There can also be a record with personal data, so
 * digits are replaced.
 */
function quoteFirst(names: readonly string[], count: number): string {
  const longest = 50;
  return names
    .slice(0, count)
    .map((name) => (name.length > longest ? `${name.slice(0, longest)}…` : name))
    .map((name) => `“${visible(name.replace(/\d/g, '#'))}”`)
    .join(', ');
}

function refuseUnusable(header: readonly string[], fileName: string): void {
  if (header.length > MAX_COLUMNS) {
    throw new Fault(
      'header_too_wide',
      `The header of ${fileName} has ${header.length} columns, the limit is ${MAX_COLUMNS}. Nothing was loaded. Ask the vendor for a corrected file.`,
    );
  }
  const seen = new Map<string, string>();
  for (const name of header.filter((found) => found !== '')) {
    const earlier = seen.get(fold(name));
    if (earlier !== undefined) {
      throw new Fault(
        'header_repeated',
        `The header of ${fileName} has a column twice (“${visible(earlier)}” and “${visible(name)}”), so it is unclear which one to use. Ask the vendor for a corrected file.`,
      );
    }
    seen.set(fold(name), name);
  }
}

function describeMissing(fileName: string, missing: readonly string[], extra: readonly string[]): string {
  const parts = missing.map((column) => {
    const nearest = nearestName(column, extra);
    return nearest === undefined
      ? `“${column}”`
      : `“${column}” (the nearest name found is “${visible(nearest)}”)`;
  });
  const subject = missing.length === 1 ? 'column' : 'columns';
  return `The header of ${fileName} lacks the ${subject} ${parts.join(', ')}. Nothing was loaded. Ask the vendor for a corrected file.`;
}

function fold(name: string): string {
  return name.trim().toLowerCase();
}
