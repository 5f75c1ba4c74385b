import type { z } from 'zod';
import { type JobDefinition, jobOptions, parsePayload } from '../ledger/job.js';
import type { AnyQueue } from './backend.js';

/** When a scheduled job is due: every so many milliseconds, or by a cron pattern (UTC). */
export type Rhythm = { everyMs: number } | { cron: string };

/**
 * Has a job done again and again, outside any run. Of all processes that ask under the same
 * id, one schedule comes out; asking again changes its rhythm and payload.
 */
export async function schedule<Schema extends z.ZodType, Services>(
  queue: AnyQueue,
  id: string,
  rhythm: Rhythm,
  job: JobDefinition<Schema, Services>,
  payload: z.input<Schema>,
): Promise<void> {
  parsePayload(job, payload);
  const repeat = 'cron' in rhythm ? { pattern: rhythm.cron, tz: 'UTC' } : { every: rhythm.everyMs };
  await queue.upsertJobScheduler(id, repeat, {
    name: job.name,
    data: { payload },
    // A tick that fails is not tried again: the next one comes soon enough.
    opts: {
      ...jobOptions({ ...job, attempts: 1 }),
      removeOnComplete: { count: 100 },
      removeOnFail: { count: 100 },
    },
  });
}

/** Whether there is a schedule of this id: a queue that lost what it held has lost its schedules, too. */
export async function isScheduled(queue: AnyQueue, id: string): Promise<boolean> {
  return (await queue.getJobScheduler(id)) !== undefined;
}

/** Ends a schedule; false when there was none. */
export function unschedule(queue: AnyQueue, id: string): Promise<boolean> {
  return queue.removeJobScheduler(id);
}
