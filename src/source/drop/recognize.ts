import { Fault } from '../../fault.js';
import type { Feed } from '../feed.js';
import type { DropFile } from './drop-file.js';
import { feedOf, feedOfHeader, nearFeedOf } from './feed-of-file.js';
import { peekHeader } from './header-peek.js';

/** A file of a drop that may belong to a feed, so that an operator has to say whether it does. */
export interface DropQuestion {
  /** The file, as in `Delivery`. */
  readonly name: string;
  /** Why it is unclear, as half a sentence about the file. */
  readonly why: string;
  /** The feed it most likely belongs to; undefined for a folder, which cannot be loaded. */
  readonly feed: string | undefined;
}

/** What a file of a drop is. */
interface Recognized {
  /** Undefined when it belongs to no feed. */
  readonly feed?: Feed | undefined;
  readonly question?: DropQuestion;
}

/** Finds the feed of a file by its name. When name and header contradict each other, or one of them only resembles a feed, it asks. */
export async function recognize(file: DropFile, feeds: readonly Feed[]): Promise<Recognized> {
  const { name, ownName } = file;
  const feed = /\.csv(\.gz)?$/i.test(ownName) ? feedOf(ownName, feeds) : undefined;
  if (feed !== undefined) {
    const names = await headerOf(file);
    const other = feedOfHeader(names, [feed]) ?? feedOfHeader(names, feeds);
    if (other === undefined || other === feed) return { feed };
    const why = `is named like a file of feed ${feed.name} but has the columns of feed ${other.name}`;
    return { question: { name, why, feed: other.name } };
  }
  const near = nearFeedOf(ownName, feeds);
  if (file.isFolder) {
    if (near === undefined) return {};
    const why = `is a folder named like feed ${near.name}, and the files in folders are not read`;
    return { question: { name, why, feed: undefined } };
  }
  const byHeader = feedOfHeader(await headerOf(file).catch(noHeader), feeds);
  const likely = byHeader ?? near;
  if (likely === undefined) return {};
  const reasons = [
    ...(near === undefined ? [] : [`has a name like ${near.fileName}`]),
    ...(byHeader === undefined ? [] : [`has the columns of feed ${byHeader.name}`]),
  ];
  return { question: { name, why: reasons.join(' and '), feed: likely.name } };
}

async function headerOf(file: DropFile): Promise<string[]> {
  return file.isPlain ? await peekHeader({ path: file.path, ...(await file.packaging()) }) : [];
}

/** A file that is not named like a feed's may be anything, also a damaged archive. */
function noHeader(error: unknown): string[] {
  if (error instanceof Fault) return [];
  throw error;
}
