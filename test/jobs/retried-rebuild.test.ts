import { beforeAll, expect, it } from 'vitest';
import { dropFlow } from '../../jobs/drop-flow.js';
import {
  dropRebuildJob,
  prepareRebuildJob,
  rebuildWarehouseFlow,
  verifyWarehouseFlow,
} from '../../jobs/rebuild-warehouse.js';
import type { Services } from '../../jobs/services.js';
import { startWithdrawing } from '../../jobs/withdraw.js';
import { inTransaction } from '../../src/database/transaction.js';
import { movies } from '../../src/dataset/movies.js';
import type { AnyJob, JobContext } from '../../src/queue/ledger/job.js';
import type { Run } from '../../src/queue/ledger/run-ledger.js';
import { readSteps, succeedStep } from '../../src/queue/ledger/step-ledger.js';
import { findUncleanedFiles } from '../../src/warehouse/clean/uncleaned-files.js';
import { retireRows } from '../../src/warehouse/corrections/retirement.js';
import { currentMapping, installMapping } from '../../src/warehouse/mapping/mapping-ledger.js';
import { lockTable } from '../../src/warehouse/tables/table-lock.js';
import { film, until, usePipeline } from './pipeline.js';

const pipeline = usePipeline();
const by = { requestedBy: 'test' };
const query = (text: string) => pipeline.database.pools.owner.query(text);
const load = async (period: string, id: string) => {
  const folder = await pipeline.writeDrop(period, { movies_metadata: [film(id)] });
  return pipeline.ended(await pipeline.worker.runs.start(dropFlow, { folder, period }, by));
};
const served = async () =>
  (await query('select movie_id from reporting.movie_score_report order by 1')).rows.map(
    (row) => row.movie_id,
  );

beforeAll(async () => {
  await load('2017-01', '1');
  await load('2017-02', '2');
});

/** Holds a run where it would write the table of films: where it would swap the warehouse, or rebuild it. */
async function hold(start: () => Promise<{ run: Run }>, schema = 'warehouse') {
  const holder = await pipeline.database.pools.owner.connect();
  await holder.query('begin');
  await lockTable(holder, { schema, table: 'movies' }, 0);
  const started = await start();
  await until(
    async () =>
      (
        await query(
          `select from pg_locks where locktype = 'advisory' and not granted
             and database = (select oid from pg_database where datname = current_database())`,
        )
      ).rowCount! > 0,
    'it waits for the table',
  );
  const release = async () => {
    await holder.query('rollback');
    holder.release();
  };
  return { started, release };
}

/** Cancels a run where it would swap the warehouse, has another month loaded, and retries it. */
async function retryAfterAnotherMonth(start: () => Promise<{ run: Run }>, period: string, id: string) {
  const { started, release } = await hold(start);
  await pipeline.worker.runs.cancel(started.run.id);
  expect(await pipeline.ended(started)).toMatchObject({ state: 'cancelled' });
  await release();
  expect(await load(period, id)).toMatchObject({ state: 'succeeded' });
  await pipeline.worker.runs.retry(started.run.id);
  expect(await pipeline.ended(started)).toMatchObject({ state: 'succeeded', error: null });
  expect(await findUncleanedFiles(pipeline.database.pools.pipeline)).toEqual([]);
  const verified = await pipeline.ended(await pipeline.worker.runs.start(verifyWarehouseFlow, {}, by));
  expect(verified).toMatchObject({ state: 'succeeded', counts: { differences: 0 } });
}

it('a retried rebuild contains what was loaded since it stopped', async () => {
  await retryAfterAnotherMonth(
    () => pipeline.worker.runs.start(rebuildWarehouseFlow, {}, by),
    '2017-03',
    '3',
  );
  expect(await served()).toEqual([1, 2, 3]);
});

it('a retried withdrawal contains it as well, and withdraws only its file', async () => {
  const { rows } = await query("select id from source.file where period = '2017-02'");
  const payload = { fileId: rows[0].id, reason: 'the wrong month', actor: 'ann' };
  const { runs } = pipeline.worker;
  await retryAfterAnotherMonth(() => startWithdrawing(runs, payload, by), '2017-04', '4');
  expect(await served()).toEqual([1, 3, 4]);

  // Retried once more, as when it was swapped and a check refused to publish.
  const last = await query("select id from support.run where kind = 'withdraw'");
  await query(`update support.run set state = 'failed' where id = '${last.rows[0].id}'`);
  expect(await pipeline.ended({ run: await runs.retry(last.rows[0].id) })).toMatchObject({
    state: 'succeeded',
  });
  expect(await served()).toEqual([1, 3, 4]);
});

it.each([
  ['a rebuild', () => pipeline.worker.runs.start(rebuildWarehouseFlow, {}, by)],
  [
    'a withdrawal',
    async () => {
      const { rows } = await query("select max(id) as id from source.file where state = 'loaded'");
      return startWithdrawing(
        pipeline.worker.runs,
        { fileId: rows[0].id, reason: 'wrong', actor: 'ann' },
        by,
      );
    },
  ],
])('%s ends under the mapping it began with, whatever is imported meanwhile', async (_what, start) => {
  const pool = pipeline.database.pools.pipeline;
  const change = { author: 'test', note: 'meanwhile' };
  const without = (table: string) => movies.mapping.filter((row) => row.end_table !== table);
  await installMapping(pool, without('movie_ratings'), change);
  const genre = async () => (await query('select deleted from warehouse.genres where id = 16')).rows;
  if (!(await genre())[0]!.deleted) {
    const mapping = (await currentMapping(pool))!;
    const request = { table: 'genres', keys: [{ id: '16' }], reason: 'none', actor: 'ann' };
    await inTransaction(pool, (client) => retireRows(client, mapping, request));
  }
  const { started, release } = await hold(start, 'rebuild');
  await installMapping(pool, without('genres'), change).finally(release);
  expect(await pipeline.ended(started)).toMatchObject({ state: 'succeeded', error: null });
  expect(await genre()).toEqual([{ deleted: true }]);
  const steps = await readSteps(pool, started.run.id);
  expect(steps.filter(({ attempt }) => attempt > 1)).toEqual([]);
});

it.each([
  ['prepares', prepareRebuildJob],
  ['drops', dropRebuildJob],
] as [string, AnyJob<Services>][])(
  'a worker that %s a rebuild and wakes after another has done its step changes nothing',
  async (_does, job) => {
    const { pools } = pipeline.database;
    const verified = await pipeline.worker.runs.start(verifyWarehouseFlow, {}, by);
    expect(await pipeline.ended(verified)).toMatchObject({ state: 'succeeded' });
    const steps = await readSteps(pools.pipeline, verified.run.id);
    const done = steps.find(({ jobName }) => jobName === job.name)!;
    const before = await served();
    const { started, release } = await hold(() => pipeline.worker.runs.start(rebuildWarehouseFlow, {}, by));
    const late = {
      payload: done.payload,
      services: pipeline.resources,
      complete: async (client, counts) => {
        if (!(await succeedStep(client, done.id, done.fence, counts))) throw new Error('taken over');
      },
    } as JobContext<unknown, Services>;
    await expect(job.run(late).finally(release)).rejects.toThrow('taken over');
    expect(await pipeline.ended(started)).toMatchObject({ state: 'succeeded', error: null });
    expect(await served()).toEqual(before);
  },
);
