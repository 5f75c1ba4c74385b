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

/** A load is held when a greater share of its records is rejected: 1 %. */
export const defaultRejectShare = 0.01;

/** Result of loading a whole file. */
export interface LoadResult {
  readonly fileId: number;
  readonly name: string;
  readonly feed: string;
  readonly period: string;
  readonly state: FileState;
  readonly read: number;
  readonly loaded: number;
  readonly rejected: number;
  /** Why the load is held, as a sentence without its full stop, so that the caller can add what to do; else undefined. */
  readonly held?: string;
}

/** The loaded rows of a file before they are visible. */
export interface HiddenRows {
  readonly fileId: number;
  readonly name: string;
  /** The feed's table, to which they will be attached. */
  readonly sourceTable: string;
  /** The names of the file's columns, in its order. */
  readonly header: readonly string[];
  readonly count: number;
  /** The quoted names of the tables that contain them. */
  readonly tables: readonly string[];
}

/** Options of `finishLoad`. */
export interface FinishOptions {
  /** Share of rejected records, 0 to 1, above which the load is held. */
  readonly rejectShare?: number;
  /** Inspects the rows; returns why the load should be held, as a sentence without its full stop, or undefined. */
  readonly inspect?: (client: pg.ClientBase, rows: HiddenRows) => Promise<string | undefined>;
  /** Who accepts the load in spite of its rejects; undefined: nobody. */
  readonly acceptedBy?: string;
  /** Called instead of `inspect` for an accepted load, to record what they accept, in the same transaction. */
  readonly accept?: (client: pg.PoolClient, rows: HiddenRows) => Promise<void>;
  /** Where the uncompressed bytes of the load are. They are removed when it is finished; without it, upkeep removes them later. */
  readonly storage?: Storage;
}

/**
 * Makes a whole file visible in one transaction, when all its parts are loaded; or holds it when too many of its records were
 * rejected or `inspect` finds a reason. Calling it again changes nothing. With `acceptedBy`, a held load becomes visible.
 *
 * @throws Failure parts_missing while parts are not loaded
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
  // Without a backup, upkeep writes it from these bytes later.
  if (options.storage !== undefined && kept && content !== null && isExpanded(options.storage, content)) {
    await removeContent(options.storage, content);
    await forgetContent(pool, fileId);
  }
  return result;
}

async function finishInside(
  client: pg.PoolClient,
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
      `${file.name} cannot be finished: of its ${parts.length} parts, these are not loaded: ${numbers}. Load them first.`,
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
    fileId,
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
  if (options.acceptedBy !== undefined) await options.accept?.(client, rows);
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

/** Attaches the tables of the parts to the feed's table. Their constraints make it unnecessary to read the rows. */
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
 * Gives the planner statistics of the whole feed; the parts were sampled when they were loaded. Before Postgres 18 this would
 * sample every part of every file again, so it is skipped there.
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
