import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { dropFlow } from '../../jobs/drop-flow.js';
import { upkeepJob } from '../../jobs/schedule.js';
import { startPipelineWorker } from '../../jobs/worker.js';
import { answersForRun } from '../../src/cli/runs/drop-answers.js';
import type { Environment } from '../../src/cli/runtime/environment.js';
import { inboxLines, readInbox } from '../../src/cli/status/read-inbox.js';
import { unschedule } from '../../src/queue/backend/schedule.js';
import { listRuns } from '../../src/queue/ledger/list-runs.js';
import { readSteps } from '../../src/queue/ledger/step-ledger.js';
import { film, until, usePipeline } from './pipeline.js';

const pipeline = usePipeline({ scanSeconds: 1, stableSeconds: 0 });
const runs = async () => listRuns(pipeline.database.pools.pipeline);

describe('a folder in the inbox', () => {
  it('is loaded automatically, once, and again when a file is added', async () => {
    const { inbox } = pipeline.resources;
    await pipeline.writeDrop('2017-08', { movies_metadata: [film('1')] }, inbox.folder);
    await until(
      async () => (await runs()).some(({ state }) => state === 'succeeded'),
      'the drop is published',
    );
    expect(await runs()).toMatchObject([
      { kind: 'drop', state: 'succeeded', requestedBy: 'inbox', publication: 1 },
    ]);
    const { said } = pipeline;
    expect(said).toContain(
      `info Started the drop of 2017-08 in ${join(inbox.folder, '2017-08')}: movies_metadata.csv.`,
    );
    await until(async () => said.includes('drop succeeded null'), 'the worker says so');
    await sleep(2500); // two more scans
    expect(await runs()).toHaveLength(1);

    await pipeline.writeDrop('2017-08', { keywords: [{ id: '1', keywords: '[]' }] }, inbox.folder);
    await until(
      async () => (await runs()).filter(({ state }) => state === 'succeeded').length === 2,
      'so is the rest',
    );
    const { rows } = await pipeline.database.pools.pipeline.query(
      'select feed, count(*)::int as files from source.file group by feed order by feed',
    );
    expect(rows).toEqual([
      { feed: 'keywords', files: 1 },
      { feed: 'movies_metadata', files: 1 },
    ]);
  });
});

describe('a file in the inbox outside a month folder', () => {
  it('is ignored, with one warning', async () => {
    const { inbox } = pipeline.resources;
    const path = join(inbox.folder, 'links.csv');
    await writeFile(path, 'movieId,imdbId,tmdbId\n1,1,1\n');
    const told = () => pipeline.said.filter((sentence) => sentence.startsWith(`warn Ignored ${path}:`));
    await until(async () => told().length > 0, 'it is said');
    await sleep(2500); // two more scans
    expect(told()).toHaveLength(1);
  });
});

describe('a queue that has lost its jobs', () => {
  it('gets its schedules back, and those it kept are not changed', async () => {
    const again = await startPipelineWorker({ ...pipeline.options, reconcileMs: 100 });
    try {
      const queue = again.backend.makeQueue('schedule');
      const upkeep = (await queue.getJobScheduler('upkeep'))!.next;
      expect(await unschedule(queue, 'inbox')).toBe(true);
      await until(async () => (await queue.getJobScheduler('inbox')) !== undefined, 'the inbox is scheduled');
      expect((await queue.getJobScheduler('upkeep'))!.next).toBe(upkeep);
    } finally {
      await again.close();
    }
  });
});

describe('the hourly upkeep', () => {
  it('compresses backups and records late feeds', async () => {
    const folder = join(pipeline.resources.storage.folder, 'backup/2017-08');
    expect((await readdir(folder)).filter((name) => name.endsWith('.csv'))).toHaveLength(2);
    const services = { ...pipeline.resources, runs: pipeline.worker.runs };
    const counts = await upkeepJob.run({ services } as Parameters<typeof upkeepJob.run>[0]);
    expect(counts).toMatchObject({
      compressed: 2,
      discarded: [],
      warnings: [],
      late: expect.arrayContaining([expect.stringMatching(/^ratings of 2017-08 was expected by 2017-09-20/)]),
    });
    expect(pipeline.said).toContainEqual(expect.stringMatching(/^warn ratings of 2017-08 was expected/));
    expect((await readdir(folder)).every((name) => name.endsWith('.csv.gz'))).toBe(true);
    const { rows } = await pipeline.database.pools.pipeline.query(
      "select table_name, value from support.issue where reason = 'feed_late' order by 1",
    );
    expect(rows).toContainEqual({ table_name: 'source.src_movies_metadata', value: '2017-09' });
    expect(rows).toHaveLength(5);
  });
});

describe('a drop in the inbox of which something is unclear', () => {
  it('is held before anything is loaded, until an operator says what the file is', async () => {
    const { inbox } = pipeline.resources;
    const drop = await pipeline.writeDrop('2017-09', { links: [{ movieId: '1', imdbId: '1', tmdbId: '1' }] });
    await pipeline.writeDrop('2017-09', { movies_metadata: [film('2')] });
    await rename(join(drop, 'movies_metadata.csv'), join(drop, 'movie_metadata.csv'));
    await rename(drop, join(inbox.folder, '2017-09'));
    const held = async () => (await runs()).find(({ state }) => state === 'held');
    await until(async () => (await held()) !== undefined, 'it is held');
    const { id, errorCode, error } = (await held())!;
    expect(errorCode).toBe('drop_unclear');
    expect(error).toBe(
      `Nothing was loaded. movie_metadata.csv has a name like movies_metadata.csv and has the columns of feed movies_metadata. To load it: marquee retry ${id} --as movies_metadata=movie_metadata.csv. To leave it out: marquee retry ${id} --ignore movie_metadata.csv.`,
    );
    const files = async () => {
      const { rows } = await pipeline.database.pools.pipeline.query(
        "select name from source.file where period = '2017-09' order by name",
      );
      return rows.map(({ name }) => name);
    };
    expect(await files()).toEqual([]);
    const run = await pipeline.worker.runs.retry(id, {
      as: [{ feed: 'movies_metadata', file: 'movie_metadata.csv' }],
    });
    expect(await pipeline.ended({ run })).toMatchObject({ state: 'succeeded' });
    expect(await files()).toEqual(['links.csv', 'movie_metadata.csv']);
  });

  it('is held as well when its names give different months', async () => {
    const drop = await pipeline.writeDrop('2017-10', { links: [{ movieId: '3', imdbId: '3', tmdbId: '3' }] });
    await rename(join(drop, 'links.csv'), join(drop, 'links_20170930.csv'));
    const payload = { folder: drop, period: '2017-10' };
    const request = { requestedBy: 'test' };
    const held = await pipeline.ended(await pipeline.worker.runs.start(dropFlow, payload, request));
    expect(held).toMatchObject({ state: 'held', errorCode: 'drop_unclear' });
    expect(held.error).toContain('different months: 2017-10 (2017-10), links_20170930.csv (2017-09)');
    const { pool } = pipeline.resources;
    const steps = await readSteps(pool, held.id);
    await expect(answersForRun(pool, held.id, steps, { ignore: ['a.csv'] })).rejects.toMatchObject({
      code: 'drop_file_unknown',
    });
    const name = 'links_20170930.csv';
    const answers = { ignore: [name], period: '2017-10' };
    expect(await answersForRun(pool, held.id, steps, answers)).toEqual({ as: [], ...answers });
    // What was said at earlier retries stays, except about the same file or about one that is gone.
    const before = { as: [{ feed: 'links', file: name }], ignore: ['gone.csv'] };
    await pool.query('update support.run set payload = payload || $2::jsonb where id = $1', [
      held.id,
      JSON.stringify(before),
    ]);
    const merged = { as: before.as, ignore: [] };
    expect(await answersForRun(pool, held.id, steps, { period: '2017-10' })).toEqual({
      ...merged,
      period: '2017-10',
    });
    expect(await answersForRun(pool, held.id, steps, { ignore: [name] })).toMatchObject({
      as: [],
      ignore: [name],
    });
    await pool.query('update support.run set payload = payload || $2::jsonb where id = $1', [
      held.id,
      JSON.stringify(merged),
    ]);
    const run = await pipeline.worker.runs.retry(held.id, { period: '2017-10', periodIsGiven: true });
    expect(await pipeline.ended({ run })).toMatchObject({ state: 'succeeded' });
    // Now files are loaded, so it is too late for answers.
    const ended = await readSteps(pool, held.id);
    await expect(answersForRun(pool, held.id, ended, { period: '2017-11' })).rejects.toMatchObject({
      code: 'run_not_unclear',
    });
    expect(await answersForRun(pool, held.id, ended, {})).toEqual({});
  });
});

describe('the status of the inbox', () => {
  it('lists what was taken and its outcome, what waits, and what is ignored and why', async () => {
    const { inbox } = pipeline.resources;
    await mkdir(join(inbox.folder, '2017-11'));
    await writeFile(join(inbox.folder, '2017-11', 'movies_metadata.csv'), 'x');
    await writeFile(join(inbox.folder, '2017-09', 'notes.txt'), 'x');
    await until(
      async () => (await runs()).every(({ finishedDate }) => finishedDate !== null),
      'all runs ended',
    );
    const environment = {
      configuration: { inbox },
      pool: () => pipeline.database.pools.pipeline,
    } as unknown as Environment;
    const lines = inboxLines(await readInbox(environment));
    const at = lines.indexOf(`Inbox ${inbox.folder}:`);
    expect(lines[at + 1]).toMatch(/^ {2}2017-11( \(movies_metadata\.csv\))?: /);
    expect(lines).toContainEqual(
      expect.stringMatching(
        /^ {2}2017-08 \(keywords\.csv, movies_metadata\.csv\): published as publication \d+$/,
      ),
    );
    expect(lines).toContain('    notes.txt belongs to no feed and was ignored.');
    expect(lines.at(-1)).toBe(
      `  Ignored ${inbox.folder}/links.csv: its name contains no month. Name it by its month, such as 2017-08.`,
    );
  });
});
