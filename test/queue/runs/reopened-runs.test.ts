import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { inTransaction } from '../../../src/database/transaction.js';
import { Fault } from '../../../src/fault.js';
import { defineFlow } from '../../../src/queue/backend/flow.js';
import { defineJob, type JobContext, planStep } from '../../../src/queue/ledger/job.js';
import { readRun, reopenRun } from '../../../src/queue/ledger/run-ledger.js';
import { reopenSteps } from '../../../src/queue/ledger/step-ledger.js';
import type { Runs } from '../../../src/queue/runs/runs.js';
import { openQueueFixture, type QueueFixture } from '../queue-fixture.js';
import { queuePlaces } from '../queue-places.js';

interface Services {
  behave: (context: JobContext<object, Services>) => Promise<void>;
}

const work = defineJob({
  name: 'work',
  queue: 'work',
  payload: z.object({}),
  async run(context: JobContext<object, Services>) {
    await context.services.behave(context);
    return {};
  },
});

const single = defineFlow({
  name: 'single',
  queue: 'flows',
  payload: z.object({}),
  stages: [{ name: 'only', plan: () => [planStep(work, 'step', {})] }],
});

const by = { requestedBy: 'a test' };
const fails = async () => {
  throw new Fault('too_many_rejects', 'The first attempt fails.');
};

describe.each(queuePlaces())('a run on $kind', (place) => {
  let fixture: QueueFixture;
  let runs: Runs;
  const services: Services = { behave: fails };

  beforeAll(async () => {
    fixture = await openQueueFixture(place);
    ({ runs } = await fixture.work(services, [work], [single]));
  });
  afterAll(() => fixture.close());

  const jobState = async (runId: string) =>
    (await fixture.backend.makeQueue('flows').getJob(runId))?.getState();

  test('that was opened again continues, even when the process that retried it died before it changed the queue', async () => {
    services.behave = fails;
    const { run } = await runs.start(single, {}, by);
    expect(await runs.follow(run.id)).toMatchObject({ state: 'failed', errorCode: 'too_many_rejects' });
    while ((await jobState(run.id)) !== 'failed') await sleep(20);
    services.behave = async () => {};
    await inTransaction(fixture.pool, async (client) => {
      await reopenRun(client, run.id);
      await reopenSteps(client, run.id);
    });
    expect(await runs.reconcile()).toBe(1);
    expect(await runs.follow(run.id)).toMatchObject({ state: 'succeeded', error: null });
  });

  test('can be retried when another process has changed the queue first', async () => {
    services.behave = fails;
    const { run } = await runs.start(single, {}, by);
    await runs.follow(run.id);
    services.behave = async () => {};
    let ended = false;
    const reconciling = [1, 2, 3].map(async () => {
      while (!ended) await runs.reconcile();
    });
    await runs.retry(run.id);
    expect(await runs.follow(run.id)).toMatchObject({ state: 'succeeded', error: null });
    ended = true;
    await Promise.all(reconciling);
  });

  test('that is cancelled while its flow polls the ledger ends as soon as its step has ended', async () => {
    let begin = () => {};
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    services.behave = async ({ signal }) => {
      begin();
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    };
    const { run } = await runs.start(single, {}, by);
    await begun;
    while ((await jobState(run.id)) !== 'waiting-children') await sleep(20);
    // A flow whose job was lost and put on the queue again has no steps that the queue would wake it for.
    await (await fixture.backend.makeQueue('flows').getJob(run.id))!.remove({ removeChildren: false });
    await runs.reconcile();
    while ((await jobState(run.id)) !== 'delayed') await sleep(5);
    await runs.cancel(run.id);
    await expect
      .poll(async () => (await readRun(fixture.pool, run.id))?.state, { timeout: 5000 })
      .toBe('cancelled');
  });
});
