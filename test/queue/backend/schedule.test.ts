import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { schedule, unschedule } from '../../../src/queue/backend/schedule.js';
import { defineJob, type JobContext } from '../../../src/queue/ledger/job.js';
import { openQueueFixture, type QueueFixture } from '../queue-fixture.js';
import { queuePlaces } from '../queue-places.js';

interface Services {
  ticks: string[];
}

const tick = defineJob({
  name: 'tick',
  queue: 'clock',
  payload: z.object({ word: z.string() }),
  async run({ payload, runId, services }: JobContext<{ word: string }, Services>) {
    services.ticks.push(`${payload.word} ${runId}`);
    if (payload.word === 'broken') throw new Error('The clock is broken.');
    return undefined;
  },
});

describe.each(queuePlaces())('a schedule on $kind', (place) => {
  let fixture: QueueFixture;
  const services: Services = { ticks: [] };

  beforeAll(async () => {
    fixture = await openQueueFixture(place);
    await fixture.work(services, [tick], []);
  });
  afterAll(() => fixture.close());

  test('runs its job repeatedly, outside any run, until it is ended', async () => {
    const queue = fixture.backend.makeQueue('clock');
    await schedule(queue, 'scan', { everyMs: 100 }, tick, { word: 'old' });
    await schedule(queue, 'scan', { everyMs: 100 }, tick, { word: 'new' });
    while (services.ticks.filter((word) => word === 'new null').length < 3) await sleep(20);
    expect(await queue.getJobSchedulersCount()).toBe(1);
    expect(await unschedule(queue, 'scan')).toBe(true);
    expect(await queue.getJobSchedulersCount()).toBe(0);
    expect(await unschedule(queue, 'scan')).toBe(false);
  });

  test('reports a failed job to the worker, since no run contains it', async () => {
    const queue = fixture.backend.makeQueue('clock');
    await schedule(queue, 'break', { everyMs: 100 }, tick, { word: 'broken' });
    await expect
      .poll(() => fixture.errors.map(String), { timeout: 10_000 })
      .toContain('Error: The scheduled job tick failed: The clock is broken.');
    await unschedule(queue, 'break');
  });

  test('refuses a payload that is not valid for its job', async () => {
    const queue = fixture.backend.makeQueue('clock');
    const wrong = {} as { word: string };
    await expect(schedule(queue, 'scan', { cron: '* * * * *' }, tick, wrong)).rejects.toMatchObject({
      code: 'job_payload',
    });
  });
});
