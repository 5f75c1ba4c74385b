import type { Pool } from 'pg';
import { dueTimes } from '../../../jobs/schedules/user-schedule.js';
import { nextDue } from '../../queue/backend/cron.js';
import { readRun } from '../../queue/ledger/run-ledger.js';
import { listSchedules, type UserSchedule } from '../../queue/ledger/schedule-ledger.js';
import { count, shortId, timeText } from '../output/text-format.js';

/** A worker that is running begins what is due long before this time has passed. */
const lateMs = 120_000;

/** A schedule with what became of it. */
export interface ScheduleStatus extends Omit<UserSchedule, 'missedCount'> {
  /** When it is next due; null while it is paused. */
  readonly nextDue: Date | null;
  /** What its last execution came to; null before the first. */
  readonly lastOutcome: string | null;
  /** How many times it was due and not run: since its last execution, or else just before it. */
  readonly missed: number;
  /** What an operator has to know, as sentences. */
  readonly warnings: readonly string[];
}

/** All schedules with what became of them, by name. */
export async function readSchedules(pool: Pool): Promise<ScheduleStatus[]> {
  return Promise.all((await listSchedules(pool)).map((each) => statusOf(pool, each)));
}

/** What a schedule does, as it was written when it was added. */
export function scheduledText({
  action,
  arguments: args,
}: Pick<UserSchedule, 'action' | 'arguments'>): string {
  return [action, ...Object.values(args)].join(' ');
}

async function statusOf(pool: Pool, { missedCount, ...found }: UserSchedule): Promise<ScheduleStatus> {
  const { name, paused, lastDueDate, lastError } = found;
  const overdue = paused ? undefined : dueTimes(found, Date.now() - lateMs);
  const missed = overdue === undefined ? missedCount : overdue.earlier + 1;
  const last = await lastOutcome(pool, found);
  const warnings = [
    ...(overdue === undefined
      ? []
      : [
          `The schedule ${name} was due at ${timeText(overdue.due)} and did not run (missed ${times(missed)}): no worker was running. Start marquee up or marquee worker.`,
        ]),
    ...(overdue === undefined && missed > 0
      ? [`The schedule ${name} missed ${times(missed)} before it ran at ${timeText(lastDueDate!)}.`]
      : []),
    ...(lastError === null ? [] : [`The schedule ${name} failed at ${timeText(lastDueDate!)}: ${lastError}`]),
    ...(last.differences > 0
      ? [`The schedule ${name} found ${count(last.differences)} differences: run marquee rebuild --verify.`]
      : []),
  ];
  return {
    ...found,
    nextDue: paused ? null : nextDue(found, new Date()),
    lastOutcome: last.outcome,
    missed,
    warnings,
  };
}

async function lastOutcome(
  pool: Pool,
  { lastDueDate, lastRunId, lastError }: Omit<UserSchedule, 'missedCount'>,
) {
  if (lastDueDate === null) return { outcome: null, differences: 0 };
  if (lastError !== null) return { outcome: 'failed', differences: 0 };
  const run = lastRunId === null ? undefined : await readRun(pool, lastRunId);
  if (run === undefined) return { outcome: 'done', differences: 0 };
  const differences = run.kind === 'verify-warehouse' ? Number(run.counts.differences ?? 0) : 0;
  return { outcome: `${run.state} (${shortId(run.id)})`, differences };
}

function times(missed: number): string {
  if (missed > 1_000) return 'more than 1,000 times';
  return missed === 1 ? 'once' : `${count(missed)} times`;
}
