import { expect, it } from 'vitest';
import { upkeepJob } from '../../jobs/schedule.js';
import { createRun, endRun } from '../../src/queue/ledger/run-ledger.js';
import { insertSteps } from '../../src/queue/ledger/step-ledger.js';
import { readDrop } from '../../src/source/drop/drop.js';
import { receiveFile } from '../../src/source/receive/receive.js';
import { film, usePipeline } from './pipeline.js';

const pipeline = usePipeline();

it('an unfinished load of an open run is not discarded, however long no worker was running', async () => {
  const { pool, storage, dataSet } = pipeline.resources;
  // Of a kind that no worker here knows, and none of it on a queue.
  const start = async () =>
    (await createRun(pool, { kind: 'elsewhere', queue: 'none', payload: {}, requestedBy: 'test' })).run.id;
  const [first, second] = [await start(), await start()];
  const folder = await pipeline.writeDrop('2017-08', { movies_metadata: [film('1')] });
  const [delivery] = (await readDrop(folder, dataSet.feeds)).deliveries;
  const { fileId } = await receiveFile(pool, storage, delivery!, '2017-08', { runId: first });
  await pool.query("update source.file set created_date = now() - interval '2 days'");
  const services = { ...pipeline.resources, runs: pipeline.worker.runs };
  const discarded = async () =>
    (await upkeepJob.run({ services } as Parameters<typeof upkeepJob.run>[0]))!.discarded;
  expect(await discarded()).toEqual([]);
  // The same bytes came with another drop as well, whose run helps to load them.
  const payload = { fileId, partNumber: 1 };
  await insertSteps(pool, second, 0, [
    { name: 'part', jobName: 'load-part', queue: 'none', payload, dependsOn: [] },
  ]);
  await endRun(pool, first, { state: 'failed' });
  expect(await discarded()).toEqual([]);
  await endRun(pool, second, { state: 'cancelled' });
  expect(await discarded()).toEqual([
    `The unfinished load of movies_metadata.csv of 2017-08 (file ${fileId}) was discarded.`,
  ]);
});
