import type pg from 'pg';
import { identifier, literal } from '../../database/identifier.js';
import { inTransaction } from '../../database/transaction.js';
import { Failure } from '../../fault.js';
import { type Feed, feedNamed, tableOf } from '../feed.js';
import {
  type FileRow,
  type FileState,
  forgetContent,
  isFinished,
  lockFileRow,
} from '../ledger/file-ledger.js';
import { listParts, type PartRow } from '../ledger/part-ledger.js';
import { isExpanded, removeContent, type Storage } from '../storage/storage.js';
import { fileTable, partTable, STATISTICS_TARGET } from './part-table.js';

/** A load in which a greater share of the records is rejected is held: 1 %. */
export const defaultRejectShare = 0.01;

/** What a whole file came to. */
export interface LoadResult {
  readonly fileId: number;
  readonly name: string;
  readonly feed: string;
  readonly period: string;
  readonly state: FileState;
  readonly read: number;
  readonly loaded: number;
  readonly rejected: number;
  /** Why the load is held, as a sentence without its full stop, for whoever asked to say what can be done; else undefined. */
  readonly held?: string;
}

/** The rows of a file that are in, before anybody sees them. */
export interface HiddenRows {
  readonly name: string;
  /** The feed's table, which they are to be in. */
  readonly sourceTable: string;
  /** The names of its columns, in its order. */
  readonly header: readonly string[];
  readonly count: number;
  /** The quoted tables that hold them. */
  readonly tables: readonly string[];
}

/** What may be set for finishing. */
export interface FinishOptions {
  /** Share of rejected records, 0 to 1, above which the load is held. */
  readonly rejectShare?: number;
  /** Looks at the rows as well, and says why the load should be held, as a sentence without its full stop; undefined when it should not. */
  readonly inspect?: (client: pg.ClientBase, rows: HiddenRows) => Promise<string | undefined>;
  /** Who lets the load through whatever was rejected; undefined for nobody. */
  readonly acceptedBy?: string;
  /** Where uncompressed bytes made for the load lie; they are removed once all is in. Without it upkeep does it later. */
  readonly storage?: Storage;
}

/**
 * Makes a load visible, whole, in one transaction, once all its parts are in; or holds it when too many of its
 * records were rejected, or by what `inspect` finds. Calling it again changes nothing. A held load called with `acceptedBy` is let through.
 *
 * @throws Failure parts_missing while parts are not in
 */
export async function finishLoad(
  pool: pg.Pool,
  feeds: readonly Feed[],
  fileId: number,
  options: FinishOptions = {},
): Promise<LoadResult> {
  const { content, kept, ...result } = await inTransaction(pool, (client) =>
    finishInside(client, feeds, fileId, options),
  );
  // The backup is written from these bytes when the delivered file could not be linked: then they stay until it is.
  if (options.storage !== undefined && kept && content !== null && isExpanded(options.storage, content)) {
    await removeContent(options.storage, content);
    await forgetContent(pool, fileId);
  }
  return result;
}

async function finishInside(
  client: pg.ClientBase,
  feeds: readonly Feed[],
  fileId: number,
  options: FinishOptions,
): Promise<LoadResult & { content: string | null; kept: boolean }> {
  const file = await lockFileRow(client, fileId, 'update');
  const parts = await listParts(client, fileId);
  const missing = parts.filter((part) => part.state !== 'loaded');
  if (missing.length > 0) {
    const numbers = missing.map((part) => part.number).join(', ');
    throw new Failure(
      'parts_missing',
      `${file.name} cannot be finished: of its ${parts.length} parts these are not in: ${numbers}. Load them first.`,
    );
  }
  const loaded = parts.reduce((sum, part) => sum + (part.loadedCount ?? 0), 0);
  const rejected = parts.reduce((sum, part) => sum + (part.rejectCount ?? 0), 0);
  const { name, feed, period, content_path: content } = file;
  const kept = file.backup_name !== null;
  const result = { fileId, name, feed, period, content, kept, read: loaded + rejected, loaded, rejected };
  if (isFinished(file.state)) {
    return { ...result, state: file.state };
  }
  const rows = {
    name,
    sourceTable: tableOf(feedNamed(feeds, feed)),
    header: file.header,
    count: loaded,
    tables: parts.map((part) =>
      identifier('source', partTable(feedNamed(feeds, feed), file.id, part.number, parts.length)),
    ),
  };
  const held =
    options.acceptedBy === undefined
      ? (whyHeld(result, options.rejectShare) ?? (await options.inspect?.(client, rows)))
      : undefined;
  if (held !== undefined) {
    await recordState(client, result, 'held', null);
    return { ...result, state: 'held', held };
  }
  await showParts(client, feedNamed(feeds, feed), file, parts);
  await recordState(client, result, 'loaded', options.acceptedBy ?? null);
  return { ...result, state: 'loaded' };
}

function whyHeld(
  counts: { name: string; read: number; rejected: number },
  share = defaultRejectShare,
): string | undefined {
  if (counts.rejected <= counts.read * share) {
    return undefined;
  }
  const found = ((100 * counts.rejected) / counts.read).toFixed(2);
  return `${counts.rejected} of ${counts.read} records of ${counts.name} (${found} %) were rejected, more than the ${100 * share} % allowed (marquee rejects lists them)`;
}

async function recordState(
  client: pg.ClientBase,
  counts: { fileId: number; read: number; rejected: number },
  state: FileState,
  acceptedBy: string | null,
): Promise<void> {
  await client.query(
    `/* source.record_state */
     update source.file
     set state = $2, record_count = $3, reject_count = $4, accepted_by = $5,
       ingested_date = case when $2 = 'loaded' then now() end
     where id = $1`,
    [counts.fileId, state, counts.read, counts.rejected, acceptedBy],
  );
}

/** Hangs the tables of the parts under the feed's table. No row is read or written: their constraints vouch for them. */
async function showParts(
  client: pg.ClientBase,
  feed: Feed,
  file: FileRow,
  parts: readonly PartRow[],
): Promise<void> {
  const { rows } = await client.query<{ now: string }>('/* source.time_of_load */ select now()::text as now');
  const createdDate = literal(rows[0]!.now);
  const feedTable = identifier('source', tableOf(feed));
  const whole = identifier('source', fileTable(feed, file.id));
  const statements: string[] = [];
  if (parts.length > 1) {
    statements.push(`create table ${whole} (like ${feedTable}) partition by range (record_number)`);
  }
  for (const part of parts) {
    const table = identifier('source', partTable(feed, file.id, part.number, parts.length));
    statements.push(
      `alter table ${table} add column created_date timestamptz(6) not null default ${createdDate}`,
    );
    if (parts.length > 1) {
      const behind = part.firstRecord + part.recordCount;
      statements.push(
        `alter table ${whole} attach partition ${table} for values from (${part.firstRecord}) to (${behind})`,
      );
    }
  }
  statements.push(`alter table ${feedTable} attach partition ${whole} for values in (${file.id})`);
  await client.query(`/* source.show_parts */ ${statements.join(';\n')}`);
  await sampleFeed(client, feedTable);
}

/**
 * Tells the planner about the feed as a whole; the parts were sampled when they were loaded. Before Postgres 18 that
 * would sample every part of every file again, so it is left out there.
 */
async function sampleFeed(client: pg.ClientBase, feedTable: string): Promise<void> {
  const { rows } = await client.query<{ version: number }>(
    `/* source.server_version */ select current_setting('server_version_num')::int as version`,
  );
  if (rows[0]!.version >= 180_000) {
    await client.query(
      `/* source.sample_feed */ set local default_statistics_target = ${STATISTICS_TARGET}; analyze only ${feedTable}`,
    );
  }
}
