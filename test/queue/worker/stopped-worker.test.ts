import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineFlow } from '../../../src/queue/backend/flow.js';
import { defineJob, type JobContext, planStep } from '../../../src/queue/ledger/job.js';
import { readSteps } from '../../../src/queue/ledger/step-ledger.js';
import { openQueueFixture, type QueueFixture } from '../queue-fixture.js';
import { queuePlaces } from '../queue-places.js';

interface Services {
  patient: boolean;
  begun: number;
}

const slow = defineJob({
  name: 'slow',
  queue: 'slow',
  payload: z.object({}),
  attempts: 1,
  async run({ services, signal, progress }: JobContext<object, Services>) {
    services.begun += 1;
    await progress({ read: 10 });
    if (services.patient) return { read: 20 };
    await once(signal, 'abort');
    throw new Error('Whatever the work says when it is stopped.');
  },
});

const flow = defineFlow({
  name: 'slow-flow',
  queue: 'slow',
  payload: z.object({}),
  stages: [{ name: 'one', plan: () => [planStep(slow, 'a', {})] }],
});

describe.each(queuePlaces())('a worker that is stopped on $kind', (place) => {
  let fixture: QueueFixture;
  beforeAll(async () => {
    fixture = await openQueueFixture(place);
  });
  afterAll(() => fixture.close());

  test('returns its job to the queue, and the next worker finishes it', async () => {
    const first: Services = { patient: false, begun: 0 };
    const { runs, workers } = await fixture.work(first, [slow], [flow]);
    const { run } = await runs.start(flow, {}, { requestedBy: 'a test' });
    while (first.begun === 0) await sleep(20);
    const under = await readSteps(fixture.pool, run.id);
    expect(under[0]).toMatchObject({ state: 'running', worker: workers.name });
    await workers.close(0);
    const given = await readSteps(fixture.pool, run.id);
    expect(given[0]).toMatchObject({ state: 'queued', counts: { read: 10 }, errorCode: 'worker_stopping' });

    const second: Services = { patient: true, begun: 0 };
    await fixture.work(second, [slow], [flow]);
    expect(await runs.follow(run.id)).toMatchObject({ state: 'succeeded' });
    const done = await readSteps(fixture.pool, run.id);
    expect(done[0]).toMatchObject({ state: 'succeeded', attempt: 2, counts: { read: 20 }, error: null });
    expect([first.begun, second.begun]).toEqual([1, 1]);
  });
});
