import type { z } from 'zod';
import { type JobDefinition, jobOptions, parsePayload } from '../ledger/job.js';
import type { AnyQueue } from './backend.js';
import { type CronRhythm, nextDue } from './cron.js';

/** When a scheduled job is due: at an interval, or by a cron pattern in a time zone. */
export type Rhythm = { everyMs: number } | CronRhythm;

/** Clocks of hosts differ by this much. */
const toleranceMs = 60_000;

/**
 * Runs a job repeatedly, outside any run. All processes that use the same id share one schedule; calling this again changes
 * its rhythm and payload. The queue must be used for nothing but schedules. A schedule that a wrong clock left due far in the future is made again.
 */
export async function schedule<Schema extends z.ZodType, Services>(
  queue: AnyQueue,
  id: string,
  rhythm: Rhythm,
  job: JobDefinition<Schema, Services>,
  payload: z.input<Schema>,
): Promise<void> {
  parsePayload(job, payload);
  const repeat = 'cron' in rhythm ? { pattern: rhythm.cron, tz: rhythm.timeZone } : { every: rhythm.everyMs };
  const template = {
    name: job.name,
    data: { payload },
    // A failed execution is not retried: the next one follows soon. Ended jobs go at once: their ids are made of the time they were
    // due, so after a clock that was ahead they would be in the way.
    opts: { ...jobOptions({ ...job, attempts: 1 }), removeOnComplete: true, removeOnFail: true },
  };
  const found = await queue.getJobScheduler(id);
  if (found !== undefined && !isOnTime(found.next, rhythm)) await queue.removeJobScheduler(id);
  const upsert = () => queue.upsertJobScheduler(id, repeat, template);
  await upsert()
    .catch(async () => {
      await queue.removeJobScheduler(id);
      await upsert();
    })
    .catch(async () => {
      // A job that another version kept has the id of the next one, and BullMQ removes no single job of a schedule.
      await queue.obliterate({ force: true });
      await upsert();
    });
}

function isOnTime(next: number | undefined, rhythm: Rhythm): boolean {
  const expected = 'cron' in rhythm ? nextDue(rhythm, new Date()).getTime() : Date.now() + rhythm.everyMs;
  return next !== undefined && next <= expected + toleranceMs;
}

/**
 * Whether the schedule exists and is due when it should be. A queue that lost its jobs has lost its schedules too, and one that was
 * made while the clock was ahead is due too late.
 */
export async function isScheduled(queue: AnyQueue, id: string, rhythm: Rhythm): Promise<boolean> {
  return isOnTime((await queue.getJobScheduler(id))?.next, rhythm);
}

/** Ends a schedule. @returns false when it did not exist */
export function unschedule(queue: AnyQueue, id: string): Promise<boolean> {
  return queue.removeJobScheduler(id);
}
