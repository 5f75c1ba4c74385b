import type { z } from 'zod';
import { type JobDefinition, jobOptions, parsePayload } from '../ledger/job.js';
import type { AnyQueue } from './backend.js';

/** When a scheduled job is due: at an interval in milliseconds, or by a cron pattern (UTC). */
export type Rhythm = { everyMs: number } | { cron: string };

/**
 * Runs a job repeatedly, outside any run. All processes that use the same id share one schedule; calling this again changes
 * its rhythm and payload.
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
    // A failed execution is not retried: the next one follows soon.
    opts: {
      ...jobOptions({ ...job, attempts: 1 }),
      removeOnComplete: { count: 100 },
      removeOnFail: { count: 100 },
    },
  });
}

/** Whether the schedule exists; a queue that lost its jobs has lost its schedules too. */
export async function isScheduled(queue: AnyQueue, id: string): Promise<boolean> {
  return (await queue.getJobScheduler(id)) !== undefined;
}

/** Ends a schedule. @returns false when it did not exist */
export function unschedule(queue: AnyQueue, id: string): Promise<boolean> {
  return queue.removeJobScheduler(id);
}
