import { createHash } from 'node:crypto';
import { z } from 'zod';
import { Fault, messageOf } from '../../src/fault.js';
import type { AnyQueue } from '../../src/queue/backend/backend.js';
import { lastDue } from '../../src/queue/backend/cron.js';
import { isScheduled, schedule, unschedule } from '../../src/queue/backend/schedule.js';
import { defineJob, type JobContext } from '../../src/queue/ledger/job.js';
import {
  listSchedules,
  readSchedule,
  recordScheduled,
  type UserSchedule,
} from '../../src/queue/ledger/schedule-ledger.js';
import { queues, type Resources, type Services } from '../services.js';
import { performScheduled } from './scheduled-action.js';

/** Clocks of hosts differ by this much: a job may begin a moment before it is due. */
const earlyMs = 5_000;

/** A recorded time that is later than now by more than this was recorded while a clock was ahead. */
const wrongClockMs = 3_600_000;

/** Workers look for new schedules in this time; what was due before they could see one was not missed. */
const noticedMs = 60_000;

/** The ids of these schedules in the queue begin with this. */
const prefix = 'user-';

const payload = z.object({ name: z.string() });

/** Does what a schedule of an operator is for, once for each time that it is due, even if the queue delivers it several times. */
export const userScheduleJob = defineJob({
  name: 'user-schedule',
  queue: queues.schedule,
  payload,
  async run({ payload: { name }, services }: JobContext<z.output<typeof payload>, Services>) {
    const { pool, notify } = services;
    const found = await readSchedule(pool, name);
    const times = found === undefined || found.paused ? undefined : dueTimes(found, Date.now() + earlyMs);
    if (found === undefined || times === undefined) return { performed: false };
    const { due, earlier: missed } = times;
    const request = {
      requestedBy: `schedule:${name}`,
      // A schedule with the same name may be added again; its runs are other runs.
      idempotencyKey: `schedule ${name} ${found.createdDate.toISOString()} ${due.toISOString()}`,
    };
    try {
      const runId = await performScheduled(found, services, request);
      await recordScheduled(pool, name, { due, missed, runId, error: null });
      return { performed: true, runId };
    } catch (error) {
      await recordScheduled(pool, name, { due, missed, runId: null, error: messageOf(error) });
      if (!(error instanceof Fault)) throw error;
      notify?.('warn', `The schedule ${name} failed: ${error.message}`);
      return { performed: false, error: error.message };
    }
  },
});

/** When a schedule was last due and did not run yet, and how many times it missed before; undefined when it ran. */
export function dueTimes(
  found: Pick<UserSchedule, 'cron' | 'timeZone' | 'activeDate' | 'lastDueDate'>,
  until: number,
): { due: Date; earlier: number } | undefined {
  const { activeDate, lastDueDate } = found;
  const isWrong = (date: Date) => date.getTime() > until + wrongClockMs;
  const hasRun = lastDueDate !== null && (lastDueDate >= activeDate || isWrong(activeDate));
  if (hasRun && !isWrong(lastDueDate)) return lastDue(found, { since: lastDueDate, until: new Date(until) });
  if (hasRun || isWrong(activeDate)) {
    // Recorded while a clock was ahead. The key of its run makes sure that nothing runs twice.
    const times = lastDue(found, { since: new Date(0), until: new Date(until) });
    return times && { due: times.due, earlier: 0 };
  }
  const times = lastDue(found, { since: activeDate, until: new Date(until) });
  const noticed = new Date(activeDate.getTime() + noticedMs);
  const missed = times && lastDue(found, { since: noticed, until: new Date(times.due.getTime() - 1) });
  return times && { due: times.due, earlier: missed === undefined ? 0 : missed.earlier + 1 };
}

/**
 * Brings the queue in line with the schedules in the database: creates what it lacks or has lost, and removes what was paused or
 * removed.
 */
export async function keepUserSchedules(queue: AnyQueue, { pool }: Pick<Resources, 'pool'>): Promise<void> {
  const active = (await listSchedules(pool)).filter(({ paused }) => !paused);
  const ids = new Set(active.map(idOf));
  for (const { key } of await queue.getJobSchedulers()) {
    if (key.startsWith(prefix) && !ids.has(key)) await unschedule(queue, key);
  }
  for (const each of active) {
    const { name, cron, timeZone } = each;
    const rhythm = { cron, timeZone };
    if (!(await isScheduled(queue, idOf(each), rhythm))) {
      await schedule(queue, idOf(each), rhythm, userScheduleJob, { name });
    }
  }
}

function idOf({ name, cron, timeZone }: UserSchedule): string {
  const hash = createHash('sha256').update(JSON.stringify([name, cron, timeZone]));
  return `${prefix}${hash.digest('hex').slice(0, 32)}`;
}
