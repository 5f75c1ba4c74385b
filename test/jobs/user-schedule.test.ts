import { mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { readScheduledAction } from '../../jobs/schedules/scheduled-action.js';
import { dueTimes, keepUserSchedules, userScheduleJob } from '../../jobs/schedules/user-schedule.js';
import { queues } from '../../jobs/services.js';
import { readSchedules } from '../../src/cli/status/read-schedules.js';
import { movies } from '../../src/dataset/movies.js';
import { isScheduled } from '../../src/queue/backend/schedule.js';
import { listRuns } from '../../src/queue/ledger/list-runs.js';
import {
  addSchedule,
  listSchedules,
  pauseSchedule,
  readSchedule,
  removeSchedule,
} from '../../src/queue/ledger/schedule-ledger.js';
import { film, until, usePipeline } from './pipeline.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });
const pipeline = usePipeline({ stableSeconds: 0 });
const pool = () => pipeline.database.pools.pipeline;
const yearly = { cron: '0 0 1 1 *', timeZone: 'UTC' };

const add = (name: string, action: string, given: string[] = [], rhythm = yearly) =>
  addSchedule(pool(), { name, ...rhythm, ...readScheduledAction(action, given, movies) }, 'a test');
/** As if the schedule had been due on New Year, and this many times before. */
const backdate = (name: string, interval = '2 years') =>
  pipeline.database.pools.owner.query(
    'update support.schedule set active_date = now() - $2::interval, last_due_date = null where name = $1',
    [name, interval],
  );
/** What the queue does when the schedule is due. */
async function due(name: string) {
  const services = { ...pipeline.resources, runs: pipeline.worker.runs };
  const context = { payload: { name }, services } as Parameters<typeof userScheduleJob.run>[0];
  return userScheduleJob.run(context);
}
const runsOf = async (name: string) =>
  (await listRuns(pool(), { limit: 100 })).filter(({ requestedBy }) => requestedBy === `schedule:${name}`);
const ended = (name: string) =>
  until(async () => (await runsOf(name)).every(({ finishedDate }) => finishedDate !== null), 'its runs end');

beforeAll(async () => {
  await pipeline.writeDrop('2017-08', { movies_metadata: [film('1')] });
});

describe('a schedule', () => {
  it('loads a folder once for each time that it is due, however many workers receive it', async () => {
    await add('folder', 'ingest', [join(pipeline.folder, '2017-08')]);
    await backdate('folder');
    await Promise.all([due('folder'), due('folder'), due('folder')]);
    await ended('folder');
    expect(await runsOf('folder')).toMatchObject([{ kind: 'drop', state: 'succeeded', publication: 1 }]);
    expect(await due('folder')).toEqual({ performed: false });
    expect(await readSchedule(pool(), 'folder')).toMatchObject({
      lastRunId: (await runsOf('folder'))[0]!.id,
    });
    const audit = await pool().query(
      "select action, arguments ->> 'period' as period, outcome from support.audit_event where actor = 'schedule:folder'",
    );
    expect(audit.rows).toEqual([{ action: 'ingestDrop', period: '2017-08', outcome: 'accepted' }]);
  });

  it('rebuilds, verifies, exports and takes the inbox', async () => {
    const file = join(pipeline.folder, 'genres.json');
    await add('again', 'rebuild');
    await add('proof', 'verify');
    await add('file', 'export', ['genre_report', file]);
    await add('drops', 'inbox');
    const drop = await pipeline.writeDrop('2017-09', { movies_metadata: [film('2')] });
    await mkdir(pipeline.resources.inbox.folder, { recursive: true });
    await rename(drop, join(pipeline.resources.inbox.folder, '2017-09'));
    for (const name of ['again', 'proof', 'file', 'drops']) {
      await backdate(name);
      await due(name);
      await ended(name);
    }
    expect(await runsOf('again')).toMatchObject([{ kind: 'rebuild-reports', state: 'succeeded' }]);
    expect(await runsOf('proof')).toMatchObject([{ kind: 'verify-warehouse', state: 'succeeded' }]);
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject([{ genre_name: 'Animation' }]);
    await until(async () => {
      await due('drops');
      await backdate('drops');
      return (await runsOf('drops')).length > 0;
    }, 'the drop has settled');
    await ended('drops');
    expect(await runsOf('drops')).toMatchObject([{ kind: 'drop', state: 'succeeded', publication: 2 }]);
  });

  it('reports why it failed, and what it missed', async () => {
    await add('broken', 'ingest', ['/no/such/folder'], { cron: '0 0 * * *', timeZone: 'UTC' });
    await backdate('broken', '10 days 1 hour');
    const [overdue] = (await readSchedules(pool())).filter(({ name }) => name === 'broken');
    expect(overdue).toMatchObject({ missed: 10, lastOutcome: null });
    expect(overdue!.warnings).toEqual([
      expect.stringMatching(/^The schedule broken was due at .* and did not run \(missed 10 times\)/),
    ]);

    await due('broken');
    const [failed] = (await readSchedules(pool())).filter(({ name }) => name === 'broken');
    expect(failed).toMatchObject({ lastOutcome: 'failed', missed: 9 });
    expect(failed!.warnings).toEqual([
      expect.stringMatching(/^The schedule broken missed 9 times before it ran/),
      expect.stringMatching(
        /^The schedule broken failed at .*: \/no\/such\/folder cannot be read as a folder/,
      ),
    ]);
    expect(pipeline.said).toContainEqual(expect.stringMatching(/^warn The schedule broken failed: /));
  });

  it('is made again when the queue lost it, and leaves the queue when it is paused or removed', async () => {
    const queue = pipeline.worker.backend.makeQueue(queues.schedule);
    const inQueue = async () =>
      (await queue.getJobSchedulers()).filter(({ key }) => key.startsWith('user-')).length;
    await keepUserSchedules(queue, { pool: pool() });
    const active = (await listSchedules(pool())).length;
    expect(await inQueue()).toBe(active);

    await queue.obliterate({ force: true });
    expect(await inQueue()).toBe(0);
    await Promise.all([1, 2, 3].map(() => keepUserSchedules(queue, { pool: pool() })));
    expect(await inQueue()).toBe(active);
    const made = (await queue.getJobSchedulers()).filter(({ pattern }) => pattern === yearly.cron);
    expect(made).toHaveLength(active - 1);
    for (const { key } of made) expect(await isScheduled(queue, key, yearly)).toBe(true);

    await pauseSchedule(pool(), 'again', true, 'a test');
    await removeSchedule(pool(), 'proof', 'a test');
    await keepUserSchedules(queue, { pool: pool() });
    expect(await inQueue()).toBe(active - 2);
    await backdate('again');
    expect(await due('again')).toEqual({ performed: false });
    await pauseSchedule(pool(), 'again', false, 'a test');
    await keepUserSchedules(queue, { pool: pool() });
    expect(await inQueue()).toBe(active - 1);
    // What was due while it was paused was not missed.
    expect(dueTimes((await readSchedule(pool(), 'again'))!, Date.now())).toBeUndefined();

    // The queue delivers it when it is due.
    await backdate('again');
    const jobs = await queue.getDelayed();
    await jobs.find(({ data }) => data.payload.name === 'again')!.promote();
    await until(async () => (await readSchedule(pool(), 'again'))!.lastDueDate !== null, 'it has run');
  });

  it('runs again after a clock that was ahead', async () => {
    const now = Date.now();
    const recorded = { ...yearly, activeDate: new Date(now), lastDueDate: null };
    const ahead = new Date(now + 40 * 86_400_000);
    const behind = new Date(now - 800 * 86_400_000);
    expect(dueTimes(recorded, now)).toBeUndefined();
    expect(dueTimes({ ...recorded, activeDate: ahead }, now)).toMatchObject({ earlier: 0 });
    expect(dueTimes({ ...recorded, activeDate: behind, lastDueDate: ahead }, now)).toMatchObject({
      earlier: 0,
    });
    expect(dueTimes({ ...recorded, activeDate: ahead, lastDueDate: behind }, now)).toMatchObject({
      earlier: 1,
    });
  });

  it('is refused when its name is taken or unknown, or its action does not exist', async () => {
    await expect(add('again', 'rebuild')).rejects.toMatchObject({ code: 'schedule_exists' });
    await expect(removeSchedule(pool(), 'nothing', 'a test')).rejects.toMatchObject({
      code: 'schedule_unknown',
    });
    for (const [action, given] of [
      ['dance', []],
      ['toString', []],
      ['ingest', []],
      ['rebuild', ['all']],
    ] as const) {
      expect(() => readScheduledAction(action, given, movies)).toThrow(
        `expected one of: inbox, ingest FOLDER, rebuild, verify, export REPORT FILE.`,
      );
    }
    expect(() => readScheduledAction('export', ['films', 'x.csv'], movies)).toThrow(
      'There is no report films',
    );
  });
});
