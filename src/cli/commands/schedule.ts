import { readScheduledAction } from '../../../jobs/schedules/scheduled-action.js';
import { movies } from '../../dataset/movies.js';
import { Fault } from '../../fault.js';
import { complaintOfCron } from '../../queue/backend/cron.js';
import { addSchedule, pauseSchedule, removeSchedule } from '../../queue/ledger/schedule-ledger.js';
import { printResult } from '../output/print-result.js';
import { table, timeText } from '../output/text-format.js';
import { commandUser, withEnvironment } from '../runtime/command.js';
import { readSchedules, type ScheduleStatus, scheduledText } from '../status/read-schedules.js';

interface Json {
  readonly json?: boolean;
}

/** `marquee schedule add`: runs an action whenever a cron pattern is due. */
export async function scheduleAdd(
  name: string,
  action: string,
  given: string[],
  { cron, zone: timeZone, json }: { cron: string; zone: string } & Json,
): Promise<void> {
  const complaint = complaintOfCron({ cron, timeZone });
  if (complaint !== undefined) throw new Fault('schedule_invalid', complaint);
  const added = { name, cron, timeZone, ...readScheduledAction(action, given, movies) };
  await withEnvironment(async (environment) => {
    const pool = environment.pool('pipeline');
    await addSchedule(pool, added, commandUser());
    const [found] = (await readSchedules(pool)).filter((each) => each.name === name);
    printResult({ json }, found, `Added the schedule ${name}: it is next due ${timeText(found!.nextDue!)}.`);
  });
}

const header = ['schedule', 'does', 'cron', 'zone', 'next due', 'last due', 'last run', 'missed'];

/** `marquee schedule list`: all schedules, when they are due and what became of them. */
export async function scheduleList({ json }: Json): Promise<void> {
  await withEnvironment(async (environment) => {
    const found = await readSchedules(environment.pool('pipeline'));
    printResult(
      { json },
      found,
      found.length === 0
        ? 'No schedules: add one with marquee schedule add.'
        : table(header, found.map(cells)),
    );
  });
}

/** `marquee schedule pause` and `resume`. */
export async function schedulePause(name: string, paused: boolean, { json }: Json): Promise<void> {
  await withEnvironment(async (environment) => {
    await pauseSchedule(environment.pool('pipeline'), name, paused, commandUser());
    const outcome = paused ? 'is paused' : 'is active';
    printResult({ json }, { name, paused }, `The schedule ${name} ${outcome}.`);
  });
}

/** `marquee schedule remove`. */
export async function scheduleRemove(name: string, { json }: Json): Promise<void> {
  await withEnvironment(async (environment) => {
    await removeSchedule(environment.pool('pipeline'), name, commandUser());
    printResult({ json }, { name, removed: true }, `Removed the schedule ${name}.`);
  });
}

function cells(each: ScheduleStatus): string[] {
  return [
    each.name,
    scheduledText(each),
    each.cron,
    each.timeZone,
    each.nextDue === null ? 'paused' : timeText(each.nextDue),
    each.lastDueDate === null ? '' : timeText(each.lastDueDate),
    each.lastOutcome ?? '',
    each.missed === 0 ? '' : String(each.missed),
  ];
}
