import { Fault } from '../fault.js';
import type { ColumnKinds } from './column-kind.js';

/** One agreed kind of file. The data set declares its feeds; the code in this folder knows none of them by name. */
export interface Feed {
  /** The feed's name, also in its table `source.src_<name>`: lower case, digits and underscores. */
  readonly name: string;
  /** The vendor's file name, `<stem>.csv`. A delivered file may add its period and a compression. */
  readonly fileName: string;
  /** The vendor's column names, in the vendor's spelling and usual order. */
  readonly columns: readonly string[];
  /** What the values of its columns look like. By default any text. */
  readonly kinds?: ColumnKinds;
}

/** The unqualified name of the feed's table in schema `source`. */
export function tableOf(feed: Feed): string {
  return `src_${feed.name}`;
}

/**
 * The feed of this name.
 *
 * @throws Fault feed_unknown
 */
export function feedNamed(feeds: readonly Feed[], name: string): Feed {
  const feed = feeds.find((candidate) => candidate.name === name);
  if (feed === undefined) {
    const known = feeds.map((candidate) => candidate.name).join(', ');
    throw new Fault('feed_unknown', `Unknown feed ${name}. The feeds are ${known}.`);
  }
  return feed;
}
