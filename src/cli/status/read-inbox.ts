import { basename } from 'node:path';
import { movies } from '../../dataset/movies.js';
import { Fault } from '../../fault.js';
import { findRunsByKeys } from '../../queue/ledger/list-runs.js';
import type { Run } from '../../queue/ledger/run-ledger.js';
import { readDrop } from '../../source/drop/drop.js';
import { findPassedOver, type ReadyDrop, scanInbox } from '../../source/drop/inbox.js';
import { excerpt, shortId } from '../output/text-format.js';
import type { Environment } from '../runtime/environment.js';

/** Maximum number of drops shown, the newest months first. */
const shownDrops = 20;

/** A drop in the inbox, and what became of it. */
interface InboxDrop {
  readonly name: string;
  readonly period: string;
  /** Names of the files that belong to a feed. */
  readonly files: readonly string[];
  /** One sentence for each file that is left out. */
  readonly ignored: readonly string[];
  /** The run that loads this state of the drop; null as long as it waits. */
  readonly run: Pick<Run, 'id' | 'state' | 'publication' | 'error'> | null;
  /** What became of it, in words. */
  readonly outcome: string;
}

/** What the inbox holds. */
export interface InboxStatus {
  readonly folder: string;
  readonly drops: readonly InboxDrop[];
  /** One sentence for each entry that is never taken. */
  readonly ignored: readonly string[];
}

/** Reads what the inbox holds: what was or will be taken, its outcome, and what is ignored. */
export async function readInbox(environment: Environment): Promise<InboxStatus> {
  const { folder } = environment.configuration.inbox;
  const now = { stableMs: 0 };
  const found = (await scanInbox(folder, movies.feeds, now)).reverse().slice(0, shownDrops);
  const runs = await findRunsByKeys(
    environment.pool('pipeline'),
    found.map(({ key }) => key),
  );
  const drops = await Promise.all(found.map((drop) => describeDrop(drop, runs.get(drop.key))));
  return { folder, drops, ignored: await findPassedOver(folder, movies.feeds, now) };
}

async function describeDrop({ folder, files, period }: ReadyDrop, run: Run | undefined): Promise<InboxDrop> {
  // Why a drop cannot be read, its run says.
  const drop = await readDrop(folder, movies.feeds, { only: files }).catch((error: unknown) => {
    if (error instanceof Fault) return undefined;
    throw error;
  });
  return {
    name: files === undefined ? basename(folder) : files.join(', '),
    period,
    files: drop?.deliveries.map(({ name }) => name) ?? [],
    ignored: drop?.warnings ?? [],
    run:
      run === undefined
        ? null
        : { id: run.id, state: run.state, publication: run.publication, error: run.error },
    outcome: outcomeOf(run),
  };
}

/**
 * What became of a drop, in words.
 *
 * @param longest where a reason is cut off
 */
export function outcomeOf(run: Run | undefined, longest = 200): string {
  if (run === undefined) return 'waits to be taken';
  const { id, state, publication, counts, error } = run;
  if (state === 'succeeded') {
    return counts.published === true
      ? `published as publication ${publication}`
      : `brought nothing new, publication ${publication} stays`;
  }
  if (state === 'queued' || state === 'running') return `is being loaded by run ${shortId(id)}`;
  return `not published: run ${shortId(id)} is ${state}: ${excerpt(error ?? '', longest)}`;
}

/** The inbox as text; nothing when it is empty. */
export function inboxLines({ folder, drops, ignored }: InboxStatus): string[] {
  if (drops.length === 0 && ignored.length === 0) return [];
  return [
    '',
    `Inbox ${folder}:`,
    ...drops.flatMap(({ name, files, ignored: left, outcome }) => {
      const contents = files.length === 0 || files.join(', ') === name ? '' : ` (${files.join(', ')})`;
      return [`  ${name}${contents}: ${outcome}`, ...left.map((sentence) => `    ${sentence}`)];
    }),
    ...ignored.map((sentence) => `  ${sentence}`),
  ];
}
