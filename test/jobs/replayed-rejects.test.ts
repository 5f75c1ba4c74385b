import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { dropFlow } from '../../jobs/drop-flow.js';
import { verifyWarehouseFlow } from '../../jobs/rebuild-warehouse.js';
import { findUncleanedReplays, replayRejectsFlow, replayRejectsJob } from '../../jobs/replay-rejects.js';
import { Fault } from '../../src/fault.js';
import type { Run } from '../../src/queue/ledger/run-ledger.js';
import { rebuildSchema } from '../../src/warehouse/tables/rebuild-tables.js';
import { lockTable } from '../../src/warehouse/tables/table-lock.js';
import { film, stepsOf, until, usePipeline } from './pipeline.js';

const pipeline = usePipeline();
const by = { requestedBy: 'test' };
const query = async (text: string) => (await pipeline.database.pools.owner.query(text)).rows;
const films = async () =>
  query(`select (select count(*)::int from source.src_movies_metadata) as source,
    (select count(*)::int from warehouse.movies) as warehouse`);
const reaches = (run: Run, stage: string) =>
  until(
    async () => (await stepsOf(pipeline, run.id)).some(({ name }) => name.startsWith(`${stage}:`)),
    `the run is at the stage ${stage}`,
  );

beforeAll(async () => {
  const folder = await pipeline.writeDrop('2017-08', { movies_metadata: [film('1')] });
  await appendFile(join(folder, 'movies_metadata.csv'), 'broken\n');
  const payload = { folder, period: '2017-08', acceptedBy: 'test' };
  await pipeline.ended(await pipeline.worker.runs.start(dropFlow, payload, by));
  // What a reader that has learned to read the record would make of it.
  const { columns } = pipeline.resources.dataSet.feeds.find(({ name }) => name === 'movies_metadata')!;
  const record = { ...film('2'), genres: '' } as Record<string, string>;
  const raw = columns.map((column) => record[column] ?? '').join(',');
  await pipeline.database.pools.owner.query('update source.reject set raw = $1', [raw]);
});

describe('rejects that are valid now', () => {
  it('stay rejects when the attempt that loads them is superseded', async () => {
    const lost = new Fault('step_taken_over', 'Another attempt has the step.');
    const context = { payload: {}, services: pipeline.resources, complete: () => Promise.reject(lost) };
    await expect(
      replayRejectsJob.run(context as unknown as Parameters<typeof replayRejectsJob.run>[0]),
    ).rejects.toBe(lost);
    expect(await query('select replayed_date from source.reject')).toEqual([{ replayed_date: null }]);
    expect(await films()).toEqual([{ source: 1, warehouse: 1 }]);
  });

  it('stay rejects while their run waits for another, and when it is cancelled before', async () => {
    const { runs } = pipeline.worker;
    await whileMoviesAreHeld(async (letGo) => {
      const inFront = await runs.start(verifyWarehouseFlow, {}, by);
      await reaches(inFront.run, 'clean');
      const waiting = await runs.start(replayRejectsFlow, {}, by);
      await reaches(waiting.run, 'turn');
      await runs.cancel(waiting.run.id);
      expect(await pipeline.ended(waiting)).toMatchObject({ state: 'cancelled' });
      await letGo();
      expect(await pipeline.ended(inFront)).toMatchObject({ state: 'succeeded', counts: { differences: 0 } });
    });
    expect(await query('select replayed_date from source.reject')).toEqual([{ replayed_date: null }]);
    expect(await films()).toEqual([{ source: 1, warehouse: 1 }]);
  });

  it('are reported when their run is cancelled after loading them, and the next run adds them to the warehouse', async () => {
    const { pool } = pipeline.resources;
    const { runs } = pipeline.worker;
    await whileMoviesAreHeld(async () => {
      const cancelled = await runs.start(replayRejectsFlow, {}, by);
      await reaches(cancelled.run, 'clean');
      expect(await findUncleanedReplays(pool)).toEqual([]); // It is on its way there.
      await runs.cancel(cancelled.run.id);
      expect(await pipeline.ended(cancelled)).toMatchObject({ state: 'cancelled' });
    });
    expect(await films()).toEqual([{ source: 2, warehouse: 1 }]);
    expect(await findUncleanedReplays(pool)).toMatchObject([
      {
        records: 1,
        detail: expect.stringMatching(
          /^1 reject of movies_metadata\.csv of 2017-08 \(file \d+\) .* To add them to the warehouse: marquee ingest --replay-rejects/,
        ),
      },
    ]);
    const next = async () => pipeline.ended(await runs.start(replayRejectsFlow, {}, by));
    expect(await next()).toMatchObject({
      publication: 2,
      counts: { tried: 0, loaded: 0, published: true },
    });
    expect(await films()).toEqual([{ source: 2, warehouse: 2 }]);
    expect((await pipeline.ended(await runs.start(verifyWarehouseFlow, {}, by))).counts.differences).toBe(0);
    expect(await findUncleanedReplays(pool)).toEqual([]);
    // And once it has them, nothing is built for them again.
    expect(await next()).toMatchObject({ publication: null, counts: { published: false } });
  });
});

/** Has rebuilds wait at the table of films. */
async function whileMoviesAreHeld(work: (letGo: () => Promise<unknown>) => Promise<void>): Promise<void> {
  const holder = await pipeline.database.pools.owner.connect();
  const letGo = () => holder.query('rollback');
  try {
    await holder.query('begin');
    await lockTable(holder, { schema: rebuildSchema, table: 'movies' }, 0);
    await work(letGo);
  } finally {
    await letGo();
    holder.release();
  }
}
