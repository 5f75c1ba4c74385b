import type pg from 'pg';
import { identifier } from '../../database/identifier.js';
import { inTransaction } from '../../database/transaction.js';
import { decodeRaw } from '../csv/raw-text.js';
import { type GoodRecord, type RecordForm, readSingle } from '../csv/record-reader.js';
import { type Feed, feedNamed, tableOf } from '../feed.js';
import { type FileRow, isFinished, lockFileRow } from '../ledger/file-ledger.js';
import { insertIrregular } from '../ledger/irregular-ledger.js';
import { listParts } from '../ledger/part-ledger.js';
import { countReplayed, listRejects, type RejectFilter, type RejectRow } from '../ledger/reject-ledger.js';
import { defaultRecordLimits, type RecordLimits } from '../record-limits.js';
import { agreedOf, type ColumnPlan, columnList, planColumns } from './column-plan.js';
import { copyNumbered } from './numbered-copy.js';
import { extraOf, partTable } from './part-table.js';

/** Result of replaying the rejects of one file. */
export interface Replay {
  readonly fileId: number;
  readonly name: string;
  readonly feed: string;
  readonly period: string;
  /** Number of rejects that were tried. */
  readonly tried: number;
  /** Number of those that are loaded now. */
  readonly loaded: number;
}

/** Options of `replayRejects`. */
export interface ReplayOptions {
  readonly limits?: RecordLimits;
  /** Called last in the transaction, with the results. An error it throws rolls back the replay. */
  readonly beforeCommit?: (client: pg.PoolClient, replays: readonly Replay[]) => Promise<void>;
}

/**
 * Tries rejects again, for example after a limit was raised, and loads those that are valid now, each with its original file and
 * record number. Two kinds are not tried: rejects found by cleaning, whose records are already in source, and records of which
 * only the beginning was kept. Everything is done in one transaction.
 *
 * @returns one entry for each file with rejects that were tried; those with `loaded` above 0 have rows to clean
 */
export async function replayRejects(
  pool: pg.Pool,
  feeds: readonly Feed[],
  filter: Omit<RejectFilter, 'open' | 'after' | 'limit'> = {},
  options: ReplayOptions = {},
): Promise<Replay[]> {
  return await inTransaction(pool, async (client) => {
    const { rows } = await client.query<{ file_id: number }>(
      `/* source.find_files_with_rejects */
       select distinct file_id from source.reject
       where replayed_date is null and reason <> 'key_not_usable'
         and file_id not in (select id from source.file where state = 'withdrawn')
         and ($1::text is null or feed = $1) and ($2::text is null or reason = $2) and ($3::int is null or file_id = $3)
       order by file_id`,
      [filter.feed ?? null, filter.reason ?? null, filter.fileId ?? null],
    );
    const replays: Replay[] = [];
    for (const { file_id: fileId } of rows) {
      replays.push(await replayFile(client, feeds, fileId, filter, options));
    }
    await options.beforeCommit?.(client, replays);
    return replays;
  });
}

async function replayFile(
  client: pg.ClientBase,
  feeds: readonly Feed[],
  fileId: number,
  filter: RejectFilter,
  options: ReplayOptions,
): Promise<Replay> {
  const file = await lockFileRow(client, fileId, 'update');
  const feed = feedNamed(feeds, file.feed);
  const plan = planColumns(feed, file.header, file.name);
  let tried = 0;
  let loaded = 0;
  let after: string | undefined;
  for (;;) {
    const page = await listRejects(client, { ...filter, fileId, open: true, after });
    if (page.length === 0 || file.state === 'loading') {
      const { name, period } = file;
      return { fileId, name, feed: file.feed, period, tried, loaded };
    }
    after = page.at(-1)!.id;
    const candidates = page.filter((reject) => reject.reason !== 'key_not_usable');
    const { limits = defaultRecordLimits } = options;
    const passed = await passing(candidates, { header: plan.header, limits, kinds: feed.kinds });
    await insertRecords(client, feed, file, plan, [...passed.values()]);
    await insertIrregular(client, file, [...passed.values()]);
    await countReplayed(client, file, [...passed.keys()]);
    tried += candidates.length;
    loaded += passed.size;
  }
}

/** The rejects that are one valid record now. */
async function passing(rejects: readonly RejectRow[], form: RecordForm): Promise<Map<RejectRow, GoodRecord>> {
  const passed = new Map<RejectRow, GoodRecord>();
  for (const reject of rejects) {
    const raw = decodeRaw(reject.raw, reject.raw_encoding);
    const record = reject.reason === 'record_too_long' ? undefined : await readSingle(raw, form);
    if (record !== undefined) {
      const irregular = record.irregular && { ...record.irregular, line: reject.line_number };
      passed.set(reject, { ...record, number: reject.record_number, irregular });
    }
  }
  return passed;
}

async function insertRecords(
  client: pg.ClientBase,
  feed: Feed,
  file: FileRow,
  plan: ColumnPlan,
  records: readonly GoodRecord[],
): Promise<void> {
  if (records.length === 0) {
    return;
  }
  const staging = 'pg_temp.replay_staging';
  await client.query(
    `/* source.create_replay_staging */
     create temporary table replay_staging (record_number int not null, ${plan.copied.map((column) => `${identifier(column)} text`).join(', ')})`,
  );
  await copyNumbered(client, staging, plan, records);
  for (const { table, seen, first, behind } of await targets(client, feed, file)) {
    await client.query(
      `/* source.insert_replayed_records */
       insert into ${table} (record_number, file_id, extra, ${columnList(agreedOf(plan))}${seen ? ', created_date' : ''})
       select record_number, ${file.id}, ${extraOf(plan)}, ${columnList(agreedOf(plan))}${seen ? ', now()' : ''}
       from ${staging}
       where record_number >= ${first} and record_number < ${behind}`,
    );
  }
  await client.query(`/* source.drop_replay_staging */ drop table ${staging}`);
}

/** The tables of a file's rows: the feed's table once they are visible, the tables of the parts while the load is held. */
async function targets(client: pg.ClientBase, feed: Feed, file: FileRow) {
  const parts = await listParts(client, file.id);
  const last = parts.at(-1)!;
  if (isFinished(file.state)) {
    const behind = last.firstRecord + last.recordCount;
    return [{ table: identifier('source', tableOf(feed)), seen: true, first: 1, behind }];
  }
  return parts.map((part) => ({
    table: identifier('source', partTable(feed, file.id, part.number, parts.length)),
    seen: false,
    first: part.firstRecord,
    behind: part.firstRecord + part.recordCount,
  }));
}
