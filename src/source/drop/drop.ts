import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { Fault } from '../../fault.js';
import { type Feed, feedNamed } from '../feed.js';
import { type DropFile, filesOfEntry } from './drop-file.js';
import { commonMonths, findMonths, type NamedMonth } from './month-in-name.js';
import { type Origin, originOf } from './origin.js';
import { type DropQuestion, recognize } from './recognize.js';

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

/** A date or month, and the name it was found in. */
interface MonthOfName extends NamedMonth {
  readonly name: string;
}

/** A folder of files that were delivered together. */
export interface Drop {
  readonly folder: string;
  /** The month that the names of the folder and the files give, as YYYY-MM; undefined when it is not certain. */
  readonly period: string | undefined;
  /** Who wrote the files. */
  readonly origin: Origin;
  /** The dates and months in the names of the folder and the files. */
  readonly months: readonly MonthOfName[];
  readonly deliveries: readonly Delivery[];
  /** One sentence for each entry of the folder that belongs to no feed. */
  readonly warnings: readonly string[];
  /** Files that may belong to a feed: an operator has to say what they are before anything is loaded. */
  readonly questions: readonly DropQuestion[];
}

/** What an operator said about the files of a drop. */
export interface DropAnswers {
  /** Files to load whatever their names are, each with the name of its feed. */
  readonly as?: readonly { readonly feed: string; readonly file: string }[] | undefined;
  /** Names of files to leave out. */
  readonly ignore?: readonly string[] | undefined;
}

/**
 * Lists the files of a drop. Files are matched with feeds by name (`ratings.csv`, also with a date or month, and as `.csv.gz`
 * or inside a `.zip`). Unknown files give a warning, or a question when their name or header resembles that of a feed; a feed
 * without a file is accepted.
 *
 * @param options `only`: names of the files to use, as `scanInbox` returns them for loose files; by default all
 * @throws Fault drop_not_found when the folder does not exist, drop_without_files when it contains no file of any feed,
 *   drop_file_unknown or feed_unknown when an answer is about a file or feed that does not exist,
 *   file_damaged with a sentence for each archive that cannot be read
 */
export async function readDrop(
  folder: string,
  feeds: readonly Feed[],
  options: DropAnswers & { readonly only?: readonly string[] | undefined } = {},
): Promise<Drop> {
  const path = resolve(folder);
  const entries = (await listFolder(path)).filter((entry) => options.only?.includes(entry.name) ?? true);
  const damage: Fault[] = [];
  const files = (await each(entries, damage, (entry) => filesOfEntry(path, entry))).flat();
  const answers = readAnswers(options, files, feeds, damage.length > 0);
  const found = await each(files, damage, (file) => judge(file, feeds, answers));
  if (damage.length > 0) {
    throw new Fault(damage[0]!.code, damage.map(({ message }) => message).join(' '), { cause: damage[0] });
  }
  const deliveries = found.flatMap(({ delivery }) => delivery ?? []);
  const questions = found.flatMap(({ question }) => question ?? []);
  if (deliveries.length === 0 && questions.length === 0) {
    const names = feeds.map((feed) => feed.fileName).join(', ');
    throw new Fault(
      'drop_without_files',
      `${folder} contains no file of any feed (found ${someOf(entries.map(({ name }) => name))}); expected at least one of ${names} (plain, .gz or in a .zip).`,
    );
  }
  const months = monthsIn(path, deliveries);
  const common = commonMonths(months);
  return {
    folder: path,
    period: common?.length === 1 ? common[0] : undefined,
    origin: await originOf(
      path,
      deliveries.map(({ name }) => name),
    ),
    months,
    deliveries,
    warnings: found.flatMap(({ warning }) => warning ?? []),
    questions,
  };
}

/** The results for all items; what is damaged is collected, so that all of it is reported together. */
async function each<Item, Result>(
  items: readonly Item[],
  damage: Fault[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (const item of items) {
    try {
      results.push(await work(item));
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      damage.push(error);
    }
  }
  return results;
}

interface Answers {
  feedOf(file: DropFile): Feed | undefined;
  isIgnored(file: DropFile): boolean;
}

/** @param incomplete whether files are missing from the list, so that a name cannot be called unknown */
function readAnswers(
  { as = [], ignore = [] }: DropAnswers,
  files: readonly DropFile[],
  feeds: readonly Feed[],
  incomplete: boolean,
): Answers {
  const unknown = [...ignore, ...as.map(({ file }) => file)].find(
    (name) => !files.some(({ names, name: whole }) => names.includes(name) || whole.startsWith(`${name}/`)),
  );
  if (unknown !== undefined && !incomplete) {
    throw new Fault(
      'drop_file_unknown',
      `The drop has no file ${unknown}; it has ${someOf(files.map(({ name }) => name))}. Specify a file as it is listed here.`,
    );
  }
  const answered = as.map(({ feed, file }) => ({ feed: feedNamed(feeds, feed), file }));
  return {
    feedOf: ({ names }) => answered.find(({ file }) => names.includes(file))?.feed,
    isIgnored: ({ names, name }) =>
      ignore.some((other) => names.includes(other) || name.startsWith(`${other}/`)),
  };
}

interface Judged {
  readonly delivery?: Delivery;
  readonly question?: DropQuestion;
  readonly warning?: string;
}

async function judge(file: DropFile, feeds: readonly Feed[], answers: Answers): Promise<Judged> {
  if (answers.isIgnored(file)) return {};
  const answer = answers.feedOf(file);
  const { feed, question } = answer === undefined ? await recognize(file, feeds) : { feed: answer };
  if (question !== undefined) return { question };
  const { folder, path, name } = file;
  if (feed === undefined) return { warning: `${name} belongs to no feed and was ignored.` };
  return { delivery: { feed, folder, path, name, ...(await file.packaging()) } };
}

function monthsIn(folder: string, deliveries: readonly Delivery[]): MonthOfName[] {
  const names = deliveries.flatMap(({ name }) => name.split('/'));
  return [basename(folder), ...new Set(names)].flatMap((name) =>
    findMonths(name).found.map((found) => ({ ...found, name })),
  );
}

/** Maximum number of names in a message. */
const NAMES_SHOWN = 5;

function someOf(names: readonly string[]): string {
  if (names.length === 0) return 'nothing';
  const more = names.length - NAMES_SHOWN;
  return names.slice(0, NAMES_SHOWN).join(', ') + (more > 0 ? ` and ${more} more` : '');
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
