import { type Command, InvalidArgumentError } from 'commander';

const zoneOfHost = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Commands about schedules: what runs when, without an operator. */
export function defineScheduleCommands(program: Command): void {
  const schedule = program.command('schedule').description('run something whenever it is due');
  schedule
    .command('add')
    .description('add a schedule; a running worker notices it within 30 s')
    .argument('<name>', 'its name', scheduleName)
    .argument('<action>', 'inbox, ingest FOLDER, rebuild, verify, or export REPORT FILE (.csv or .json)')
    .argument('[argument...]', 'the arguments of the action; paths are those of the host of the worker')
    .requiredOption('--cron <pattern>', 'when: minute hour day month weekday, such as "0 6 * * 1-5"')
    .option('--zone <zone>', 'the time zone of the pattern, such as Europe/Berlin', zoneOfHost())
    .option('--json', 'print one JSON object')
    .action(async (name: string, action: string, given: string[], options) =>
      (await import('../commands/schedule.js')).scheduleAdd(name, action, given, options),
    );
  schedule
    .command('list')
    .description('list the schedules: when they are due, and what they missed')
    .option('--json', 'print a JSON array')
    .action(async (options) => (await import('../commands/schedule.js')).scheduleList(options));
  for (const [word, paused] of [
    ['pause', true],
    ['resume', false],
  ] as const) {
    schedule
      .command(word)
      .description(paused ? 'stop running a schedule until it is resumed' : 'run a paused schedule again')
      .argument('<name>', 'its name', scheduleName)
      .option('--json', 'print one JSON object')
      .action(async (name: string, options) =>
        (await import('../commands/schedule.js')).schedulePause(name, paused, options),
      );
  }
  schedule
    .command('remove')
    .description('remove a schedule; runs that it started stay')
    .argument('<name>', 'its name', scheduleName)
    .option('--json', 'print one JSON object')
    .action(async (name: string, options) =>
      (await import('../commands/schedule.js')).scheduleRemove(name, options),
    );
}

function scheduleName(text: string): string {
  if (!/^[A-Za-z0-9][\w-]{0,62}$/.test(text)) {
    throw new InvalidArgumentError(`expected up to 63 letters, digits, - and _, found ${text}.`);
  }
  return text;
}
