import { beforeAll, describe, expect, it, vi } from 'vitest';
import { useHomes } from '../homes.js';
import { answer, leftovers, run } from '../marquee.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });
const newHome = useHomes();
let home: string;
beforeAll(async () => {
  home = await newHome('migrated');
});

describe('marquee schedule', () => {
  it('adds, lists, pauses and removes schedules, recorded in the audit', async () => {
    const zone = ['--cron', '30 3 * * *', '--zone', 'Europe/Berlin'];
    const added = await run(home, ['schedule', 'add', 'proof', 'verify', ...zone]);
    expect(added).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Added the schedule proof: it is next due \S+T0[12]:30:00Z\.\n$/),
    });
    expect(await answer(home, ['schedule', 'pause', 'proof'])).toEqual({ name: 'proof', paused: true });
    const { schedules } = await answer(home, ['status']);
    expect(schedules).toMatchObject([
      { name: 'proof', action: 'verify', timeZone: 'Europe/Berlin', paused: true, nextDue: null, missed: 0 },
    ]);
    expect(await run(home, ['schedule', 'remove', 'proof'])).toMatchObject({
      code: 0,
      stdout: 'Removed the schedule proof.\n',
    });
    expect(await answer(home, ['schedule', 'list'])).toEqual([]);
    const events = await answer(home, ['audit']);
    expect(events.map(({ action }: { action: string }) => action)).toEqual([
      'removeSchedule',
      'pauseSchedule',
      'addSchedule',
    ]);
  });

  it.each([
    [['add', 'x', 'rebuild', '--cron', '61 * * * *'], '"61 * * * *" is not a cron pattern that is ever due'],
    [['add', 'x', 'rebuild', '--cron', '0 6 * * *', '--zone', 'Mars'], '"Mars" is not a time zone'],
    [
      ['add', 'x', 'dance', '--cron', '0 6 * * *'],
      'Cannot schedule dance; expected one of: inbox, ingest FOLDER',
    ],
    [['pause', 'nothing'], 'There is no schedule nothing; the schedules are: none.'],
  ])('refuses %j with one sentence', async (parameters, sentence) => {
    const ended = await run(home, ['schedule', ...parameters]);
    expect(ended).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(sentence) });
    expect(ended.stderr.trim().split('\n')).toHaveLength(1);
    expect(await leftovers(home)).toEqual([]);
  });
});
