import { mkdir } from 'node:fs/promises';
import type { Pool } from 'pg';
import { z } from 'zod';
import { sealAudit } from '../src/database/audit-chain.js';
import { Fault } from '../src/fault.js';
import type { AnyQueue } from '../src/queue/backend/backend.js';
import { isScheduled, schedule } from '../src/queue/backend/schedule.js';
import { defineJob, type JobContext } from '../src/queue/ledger/job.js';
import { readDrop } from '../src/source/drop/drop.js';
import { findPassedOver, type ReadyDrop, scanInbox } from '../src/source/drop/inbox.js';
import { discardAbandonedLoads } from '../src/source/load/load-discard.js';
import { tidyStorage } from '../src/source/storage/storage-upkeep.js';
import { sweepEntries } from '../src/warehouse/extract/entry-staging.js';
import { sweepUnfinished } from '../src/warehouse/tables/work-tables.js';
import { dropFlow } from './drop-flow.js';
import { recordLateFeeds } from './late-feeds.js';
import { queues, type Resources, type Services } from './services.js';

/** A load is abandoned after this time without progress. */
const abandonedAfterMs = 24 * 3_600_000;

/** How long an event may wait until the audit's chain contains it. */
const sealEveryMs = 5_000;

const nothing = z.object({});

/** Warnings about the inbox that were given: each is given once per process, not once a minute. */
const warned = new Set<string>();

/** Starts a run for each complete drop in the inbox: one run per drop, whatever its outcome. */
export const scanInboxJob = defineJob({
  name: 'scan-inbox',
  queue: queues.schedule,
  payload: nothing,
  run: ({ services }: JobContext<object, Services>) => takeInbox(services, 'inbox'),
});

/** Starts the runs of the inbox's complete drops in the name of what scans it. */
export async function takeInbox(
  services: Services,
  requestedBy: string,
): Promise<{ ready: number; started: number }> {
  const { inbox, dataSet, runs, notify } = services;
  const options = { stableMs: inbox.stableSeconds * 1000 };
  const ready = await scanInbox(inbox.folder, dataSet.feeds, options);
  let started = 0;
  for (const { folder, period, files, key } of ready) {
    const { created } = await runs.start(
      dropFlow,
      { folder, period, files: files === undefined ? undefined : [...files] },
      { requestedBy, idempotencyKey: key, audit: { action: 'ingestDrop', arguments: { folder, period } } },
    );
    if (created) {
      started += 1;
      await reportTaken(services, { folder, period, files });
    }
  }
  for (const sentence of await findPassedOver(inbox.folder, dataSet.feeds, options)) {
    if (!warned.has(sentence)) notify?.('warn', sentence);
    warned.add(sentence);
  }
  return { ready: ready.length, started };
}

/** Reports which files of a drop are loaded, and which are ignored and why. What is wrong with an unreadable drop, its run says. */
async function reportTaken(
  { dataSet, notify }: Services,
  { folder, period, files }: Pick<ReadyDrop, 'folder' | 'period' | 'files'>,
): Promise<void> {
  const drop = await readDrop(folder, dataSet.feeds, { only: files }).catch((error: unknown) => {
    if (error instanceof Fault) return undefined;
    throw error;
  });
  const names = drop?.deliveries.map(({ name }) => name) ?? [];
  const list = names.length === 0 ? '' : `: ${names.join(', ')}`;
  notify?.('info', `Started the drop of ${period} in ${folder}${list}.`);
  for (const sentence of drop?.warnings ?? []) notify?.('warn', sentence);
}

/** Maintenance: records late feeds, compresses backups, removes what abandoned loads and cleanings left. */
export const upkeepJob = defineJob({
  name: 'upkeep',
  queue: queues.schedule,
  payload: nothing,
  run: async ({ services }: JobContext<object, Services>) => {
    const { pool, storage, dataSet, lateAfterDays, notify } = services;
    const late = await recordLateFeeds(pool, dataSet.feeds, { days: lateAfterDays });
    const open = await openLoads(pool);
    const discarded = await discardAbandonedLoads(pool, storage, dataSet.feeds, abandonedAfterMs, open);
    const unfinished = [...(await sweepUnfinished(pool)), ...(await sweepEntries(pool))];
    const tidied = await tidyStorage(pool, storage);
    for (const sentence of [...late.map(({ detail }) => detail), ...discarded, ...tidied.warnings]) {
      notify?.('warn', sentence);
    }
    return {
      late: late.map(({ detail }) => detail),
      discarded,
      unfinished,
      ...tidied,
      warnings: [...tidied.warnings],
    };
  },
});

/** Appends the events that were committed since the last time to the audit's chain of hashes. */
export const sealAuditJob = defineJob({
  name: 'seal-audit',
  queue: queues.schedule,
  payload: nothing,
  run: async ({ services }: JobContext<object, Services>) => ({ sealed: await sealAudit(services.pool) }),
});

/**
 * Unfinished loads that an open run will continue, however long no worker was running: if they were discarded, its steps would
 * find no file.
 */
async function openLoads(pool: Pool): Promise<number[]> {
  const { rows } = await pool.query<{ id: number }>(
    `/* jobs.open_loads */
     select f.id from source.file f
     where f.state = 'loading' and exists (
       select from support.run r
       where r.state in ('queued', 'running') and (r.id = f.run_id or exists (
         select from support.run_step s where s.run_id = r.id and s.payload ->> 'fileId' = f.id::text
       ))
     )`,
  );
  return rows.map(({ id }) => id);
}

/**
 * Creates the schedules; all workers share them, so that each job runs once per interval. The worker starts without them when the
 * queue refuses: `keepSchedules` tries again, and no load depends on maintenance.
 */
export async function startSchedules(
  queue: AnyQueue,
  { inbox }: Resources,
  onError: (error: unknown) => void,
): Promise<void> {
  await mkdir(inbox.folder, { recursive: true });
  for (const { id, rhythm, job } of schedulesOf(inbox)) {
    await schedule(queue, id, rhythm, job, {}).catch(onError);
  }
}

/** Creates schedules again that the queue has lost, or that are due too late; the others keep their rhythm. */
export async function keepSchedules(queue: AnyQueue, { inbox }: Resources): Promise<void> {
  for (const { id, rhythm, job } of schedulesOf(inbox)) {
    if (!(await isScheduled(queue, id, rhythm))) await schedule(queue, id, rhythm, job, {});
  }
}

function schedulesOf({ scanSeconds }: Resources['inbox']) {
  return [
    { id: 'inbox', rhythm: { everyMs: scanSeconds * 1000 }, job: scanInboxJob },
    { id: 'upkeep', rhythm: { cron: '17 * * * *', timeZone: 'UTC' }, job: upkeepJob },
    { id: 'seal-audit', rhythm: { everyMs: sealEveryMs }, job: sealAuditJob },
  ];
}
