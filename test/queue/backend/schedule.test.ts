import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { isScheduled, schedule, unschedule } from '../../../src/queue/backend/schedule.js';
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
  afterEach(() => vi.useRealTimers());
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

  test.each([
    ['ahead', 40 * 86_400_000],
    ['behind', -40 * 86_400_000],
  ])('works after a clock that was %s: it is made again, and its job runs', async (_, wrongByMs) => {
    const queue = fixture.backend.makeQueue('clock');
    const word = `right ${wrongByMs}`;
    for (const rhythm of [{ everyMs: 60_000 }, { cron: '17 * * * *', timeZone: 'UTC' }]) {
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + wrongByMs });
      await schedule(queue, 'once-wrong', rhythm, tick, { word: 'wrong' });
      vi.useRealTimers();
      if (wrongByMs > 0) expect(await isScheduled(queue, 'once-wrong', rhythm)).toBe(false);
      await schedule(queue, 'once-wrong', rhythm, tick, { word });
      expect(await isScheduled(queue, 'once-wrong', rhythm)).toBe(true);
      // A second worker finds the schedule, and one that starts in the same millisecond too.
      await Promise.all([1, 2, 3].map(() => schedule(queue, 'once-wrong', rhythm, tick, { word })));
      expect(await isScheduled(queue, 'once-wrong', rhythm)).toBe(true);
    }
    await schedule(queue, 'once-wrong', { everyMs: 100 }, tick, { word });
    await expect.poll(() => services.ticks, { timeout: 10_000 }).toContain(`${word} null`);
    await unschedule(queue, 'once-wrong');
  });

  test('is made although an ended job has the id of the next one', async () => {
    const queue = fixture.backend.makeQueue('clock');
    const hourly = { cron: '17 * * * *', timeZone: 'UTC' };
    // As version 0.1.0 made them: ended jobs stay.
    await queue.upsertJobScheduler('kept', { pattern: hourly.cron, tz: 'UTC' }, { name: 'tick' });
    const [next] = await queue.getJobs(['delayed']);
    await next!.promote();
    await expect
      .poll(async () => (await next!.isCompleted()) || (await next!.isFailed()), { timeout: 10_000 })
      .toBe(true);
    await queue.removeJobScheduler('kept');
    await schedule(queue, 'kept', hourly, tick, { word: 'kept' });
    expect(await isScheduled(queue, 'kept', hourly)).toBe(true);
    await unschedule(queue, 'kept');
  });

  test('refuses a payload that is not valid for its job', async () => {
    const queue = fixture.backend.makeQueue('clock');
    const wrong = {} as { word: string };
    await expect(schedule(queue, 'scan', { everyMs: 1000 }, tick, wrong)).rejects.toMatchObject({
      code: 'job_payload',
    });
  });
});
