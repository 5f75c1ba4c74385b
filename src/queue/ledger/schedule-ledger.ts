import type { Pool } from 'pg';
import { recordAudit } from '../../database/audit-ledger.js';
import type { Schedule } from '../../database/client/client.js';
import { ledger } from '../../database/prisma-client.js';
import type { Queryable } from '../../database/queryable.js';
import { inTransaction } from '../../database/transaction.js';
import { Fault } from '../../fault.js';

/** A schedule that an operator added. */
export interface UserSchedule {
  readonly name: string;
  readonly action: string;
  readonly arguments: Readonly<Record<string, string>>;
  readonly cron: string;
  readonly timeZone: string;
  readonly paused: boolean;
  readonly createdDate: Date;
  readonly createdBy: string;
  /** When it was added or last resumed. */
  readonly activeDate: Date;
  readonly lastDueDate: Date | null;
  readonly lastRunId: string | null;
  /** Why it failed to start when it was last due. */
  readonly lastError: string | null;
  /** How many times it was due and not run between its last two executions. */
  readonly missedCount: number;
}

/** What an operator adds. */
export type NewSchedule = Pick<UserSchedule, 'name' | 'action' | 'arguments' | 'cron' | 'timeZone'>;

/** Adds a schedule. @throws Fault `schedule_exists` */
export function addSchedule(pool: Pool, added: NewSchedule, actor: string): Promise<void> {
  const { name, action, cron, timeZone } = added;
  return inTransaction(pool, async (client) => {
    const { schedule } = await ledger(client);
    const { count } = await schedule.createMany({
      data: { name, action, arguments: added.arguments, cron, time_zone: timeZone, created_by: actor },
      skipDuplicates: true,
    });
    if (count === 0) {
      throw new Fault(
        'schedule_exists',
        `There is a schedule ${name} already: remove it first, or choose another name.`,
      );
    }
    await recordAudit(client, { actor, action: 'addSchedule', arguments: added, outcome: 'done' });
  });
}

/** All schedules, by name. */
export async function listSchedules(database: Queryable): Promise<UserSchedule[]> {
  const { schedule } = await ledger(database);
  return (await schedule.findMany({ orderBy: { name: 'asc' } })).map(toSchedule);
}

/** One schedule; undefined when it does not exist. */
export async function readSchedule(database: Queryable, name: string): Promise<UserSchedule | undefined> {
  const { schedule } = await ledger(database);
  const row = await schedule.findUnique({ where: { name } });
  return row === null ? undefined : toSchedule(row);
}

/** Pauses a schedule or resumes it; what was due in between counts as paused, not as missed. @throws Fault `schedule_unknown` */
export function pauseSchedule(pool: Pool, name: string, paused: boolean, actor: string): Promise<void> {
  return inTransaction(pool, async (client) => {
    const { schedule } = await ledger(client);
    await requireSchedule(client, name);
    await schedule.updateMany({
      where: { name, paused: !paused },
      data: { paused, ...(paused ? {} : { active_date: new Date() }) },
    });
    const action = paused ? 'pauseSchedule' : 'resumeSchedule';
    await recordAudit(client, { actor, action, arguments: { name }, outcome: 'done' });
  });
}

/** Removes a schedule; the audit keeps what it was. @throws Fault `schedule_unknown` */
export function removeSchedule(pool: Pool, name: string, actor: string): Promise<void> {
  return inTransaction(pool, async (client) => {
    const { schedule } = await ledger(client);
    const removed = await requireSchedule(client, name);
    await schedule.delete({ where: { name } });
    await recordAudit(client, { actor, action: 'removeSchedule', arguments: removed, outcome: 'done' });
  });
}

/** Records that a schedule ran when it was due. */
export async function recordScheduled(
  database: Queryable,
  name: string,
  { due, missed, runId, error }: { due: Date; missed: number; runId: string | null; error: string | null },
): Promise<void> {
  const { schedule } = await ledger(database);
  await schedule.updateMany({
    where: { name },
    data: { last_due_date: due, missed_count: missed, last_run_id: runId, last_error: error },
  });
}

async function requireSchedule(database: Queryable, name: string): Promise<UserSchedule> {
  const found = await readSchedule(database, name);
  if (found !== undefined) return found;
  const known = (await listSchedules(database)).map((each) => each.name).join(', ') || 'none';
  throw new Fault('schedule_unknown', `There is no schedule ${name}; the schedules are: ${known}.`);
}

function toSchedule(row: Schedule): UserSchedule {
  return {
    name: row.name,
    action: row.action,
    arguments: row.arguments as Record<string, string>,
    cron: row.cron,
    timeZone: row.time_zone,
    paused: row.paused,
    createdDate: row.created_date,
    createdBy: row.created_by,
    activeDate: row.active_date,
    lastDueDate: row.last_due_date,
    lastRunId: row.last_run_id,
    lastError: row.last_error,
    missedCount: row.missed_count,
  };
}
