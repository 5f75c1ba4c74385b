import { appendFile, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { dropFlow } from '../../jobs/drop-flow.js';
import { rebuildReportsFlow } from '../../jobs/report-flows.js';
import { stepErrors } from '../../src/cli/runs/drop.js';
import { readSteps } from '../../src/queue/ledger/step-ledger.js';
import { findUncleanedFiles } from '../../src/warehouse/clean/uncleaned-files.js';
import { film, stepsOf, until, usePipeline } from './pipeline.js';

const pipeline = usePipeline();
const by = { requestedBy: 'test' };
const start = async (folder: string, period: string) =>
  pipeline.worker.runs.start(dropFlow, { folder, period }, by);
const query = (text: string) => pipeline.database.pools.owner.query(text);

describe('a table job that fails', () => {
  it('is retried alone; the steps next to it do not run twice', async () => {
    // The numbers of a sequence are not taken back with the transaction that fails.
    await query(`
      create sequence public.tries;
      create function public.fail_once() returns trigger language plpgsql security definer as
        $$ begin if nextval('public.tries') = 1 then raise exception 'the disk is full' using errcode = '53100'; end if; return new; end $$;
      create trigger fail_once before insert on warehouse.keywords for each row execute function public.fail_once()`);
    const folder = await pipeline.writeDrop('2017-01', {
      movies_metadata: [film('1')],
      keywords: [{ id: '1', keywords: "[{'id': 9, 'name': 'toy'}]" }],
    });
    const started = await start(folder, '2017-01');
    expect(await pipeline.ended(started)).toMatchObject({ state: 'succeeded', publication: 1 });
    const steps = await stepsOf(pipeline, started.run.id);
    const again = steps.filter(({ attempt }) => attempt > 1);
    expect(again).toEqual([{ name: 'clean:keywords', state: 'succeeded', attempt: 2 }]);
    expect(steps.length).toBeGreaterThan(20);
    const { rows } = await query(
      'select (select count(*)::int from warehouse.keywords) as keywords, (select count(*)::int from warehouse.movie_keywords) as links',
    );
    expect(rows).toEqual([{ keywords: 1, links: 1 }]);
    await query('drop trigger fail_once on warehouse.keywords');
  });
});

describe('two drops at the same time', () => {
  /** Stops the first where it writes a table, starts the second, and says what the second has done when it cannot go on. */
  async function secondBesideFirst(
    periods: [string, string],
    beforeSecond: (first: string) => Promise<unknown>,
  ) {
    const folders = await Promise.all(
      periods.map((period) =>
        pipeline.writeDrop(period, { movies_metadata: [film('1', { title: `Film of ${period}` })] }),
      ),
    );
    const holder = await pipeline.database.pools.owner.connect();
    await holder.query('begin; lock table warehouse.movies in share mode');
    const waits = async () =>
      (await query("select from pg_locks where not granted and relation = 'warehouse.movies'::regclass"))
        .rowCount!;
    try {
      const first = await start(folders[0]!, periods[0]);
      await until(async () => (await waits()) > 0, 'the first drop waits for the table');
      await beforeSecond(first.run.id);
      const second = await start(folders[1]!, periods[1]);
      const has = async (step: string) =>
        (await stepsOf(pipeline, second.run.id)).some(({ name }) => name.startsWith(step));
      await until(() => has('turn:'), 'the second is at the turn');
      const seen = await until(() => has('clean:'), 'the second cleans', 2000).then(
        () => 'cleans',
        () => 'waits',
      );
      await holder.query('rollback');
      // Runs that have got into each other's way end by being tried again; that takes its time and proves nothing more.
      if (seen === 'cleans') for (const { run } of [first, second]) await pipeline.worker.runs.cancel(run.id);
      const runs = [await pipeline.ended(first), await pipeline.ended(second)];
      // What they left half done would keep all others from publishing, the first of them, too, until the second is done.
      for (const { id, state } of runs) {
        if (state !== 'cancelled') continue;
        await pipeline.worker.runs.retry(id);
        await pipeline.worker.runs.follow(id);
      }
      expect(await findUncleanedFiles(pipeline.database.pools.pipeline)).toEqual([]);
      return { seen, states: runs.map(({ state }) => state) };
    } finally {
      await holder.query('rollback');
      holder.release();
    }
  }

  it('never interleave: the second waits while the first is in the middle of a table', async () => {
    expect(await secondBesideFirst(['2017-02', '2017-03'], async () => {})).toEqual({
      seen: 'waits',
      states: ['succeeded', 'succeeded'],
    });
    const { rows } = await query(
      'select title, valid_from::text, valid_to::text from warehouse.movies where movie_id = 1 order by valid_from',
    );
    expect(rows).toEqual([
      { title: 'Film 1', valid_from: '2017-01-01', valid_to: '2017-02-01' },
      { title: 'Film of 2017-02', valid_from: '2017-02-01', valid_to: '2017-03-01' },
      { title: 'Film of 2017-03', valid_from: '2017-03-01', valid_to: null },
    ]);
  });

  it('would interleave if the ledger did not record that the first is exclusive', async () => {
    const forget = (run: string) =>
      query(
        `update support.run_step set job_name = 'forgotten' where run_id = '${run}' and job_name = 'take-turn'`,
      );
    expect(await secondBesideFirst(['2017-04', '2017-05'], forget)).toMatchObject({ seen: 'cleans' });
  });
});

describe('a drop that contains a file twice, plain and compressed', () => {
  it('is loaded once, and nothing changes when it is loaded again', async () => {
    const folder = await pipeline.writeDrop('2017-05', { movies_metadata: [film('3')] });
    const path = join(folder, 'movies_metadata.csv');
    await writeFile(`${path}.gz`, gzipSync(await readFile(path)));
    const once = await pipeline.ended(await start(folder, '2017-05'));
    expect(once).toMatchObject({ state: 'succeeded', counts: { published: true } });
    const again = await pipeline.ended(await start(folder, '2017-05'));
    expect(again).toMatchObject({ state: 'succeeded', error: null, publication: once.publication });
    expect((await query('select from warehouse.movies where movie_id = 3')).rowCount).toBe(1);
  });
});

describe('a drop that is held', () => {
  it('continues when an operator retries its run and accepts its rejects, and the ledger records who did', async () => {
    const folder = await pipeline.writeDrop('2017-06', { movies_metadata: [film('2')] });
    await appendFile(join(folder, 'movies_metadata.csv'), 'broken\n');
    const started = await start(folder, '2017-06');
    const held = await pipeline.ended(started);
    expect(held).toMatchObject({ state: 'held', errorCode: 'load_held', publication: null });
    await until(async () => pipeline.said.includes(`drop held ${held.error}`), 'the worker says so');
    expect((await query('select from warehouse.movies where movie_id = 2')).rowCount).toBe(0);
    await pipeline.worker.runs.retry(started.run.id, { acceptedBy: 'ann' });
    expect(await pipeline.ended(started)).toMatchObject({
      state: 'succeeded',
      publication: expect.any(Number),
    });
    const { rows } = await query(
      "select state, accepted_by, reject_count from source.file where period = '2017-06'",
    );
    expect(rows).toEqual([{ state: 'loaded', accepted_by: 'ann', reject_count: 1 }]);
    expect((await query('select from warehouse.movies where movie_id = 2')).rowCount).toBe(1);
  });
});

describe('a drop that a blocking check stops', () => {
  it('is reported by the worker and by its run, and the current reports stay live', async () => {
    const films = Array.from({ length: 12 }, (_, index) => film(String(index + 10)));
    const folder = await pipeline.writeDrop('2017-07', { movies_metadata: films });
    await pipeline.ended(await start(folder, '2017-07'));
    const served = async () =>
      (await query('select movie_id from reporting.movie_score_report order by 1')).rows;
    const before = await served();
    await query("update warehouse.movies set popularity = 'NaN' where movie_id = 10 and not deleted");
    const stopped = await pipeline.ended(
      await pipeline.worker.runs.start(rebuildReportsFlow, { full: true }, by),
    );
    expect(stopped).toMatchObject({ state: 'failed', errorCode: 'checks_failed', publication: null });
    expect(stopped.error).toMatch(/^Publication blocked: these checks failed: .* numbers_are_finite \(1\)/);
    await until(
      async () => pipeline.said.includes(`rebuild-reports failed ${stopped.error}`),
      'the worker says so',
    );
    expect(await served()).toEqual(before);
  });
});

describe('two files of one feed in a drop', () => {
  it('count in the order of their names, however long each takes to load', async () => {
    // So long that it takes longer to receive than the next job to begin.
    const overview = 'x'.repeat(200_000);
    const many = Array.from({ length: 500 }, (_, index) =>
      film(String(index + 1), { title: 'By the first', overview }),
    );
    const folder = await pipeline.writeDrop('2018-01', { movies_metadata: many });
    await rename(join(folder, 'movies_metadata.csv'), join(folder, 'movies_metadata-2018-01.csv'));
    await pipeline.writeDrop('2018-01', { movies_metadata: [film('7', { title: 'By the second' })] });
    await rename(join(folder, 'movies_metadata.csv'), join(folder, 'movies_metadata_2018-01.csv'));
    expect(await pipeline.ended(await start(folder, '2018-01'))).toMatchObject({ state: 'succeeded' });
    const { rows } = await query('select title from warehouse.movies where movie_id = 7 and not deleted');
    expect(rows).toEqual([{ title: 'By the second' }]);
  });

  it('are both reported when both are broken, and still count in that order once they are fixed', async () => {
    const names = ['movies_metadata-2018-02.csv', 'movies_metadata_2018-02.csv'];
    const whole: string[] = [];
    const folder = join(pipeline.folder, '2018-02');
    for (const [index, name] of names.entries()) {
      await pipeline.writeDrop('2018-02', { movies_metadata: [film('9', { title: `By number ${index}` })] });
      whole.push(await readFile(join(folder, 'movies_metadata.csv'), 'utf8'));
      await rename(join(folder, 'movies_metadata.csv'), join(folder, name));
    }
    await writeFile(join(folder, names[0]!), whole[0]!.replace('imdb_id', 'other'));
    await writeFile(join(folder, names[1]!), '');
    const started = await start(folder, '2018-02');
    expect(await pipeline.ended(started)).toMatchObject({ state: 'failed' });
    const errors = async () =>
      stepErrors(await readSteps(pipeline.database.pools.pipeline, started.run.id)).map(({ code }) => code);
    expect((await errors()).sort()).toEqual(['file_empty', 'header_missing_column']);

    await writeFile(join(folder, names[0]!), whole[0]!);
    await pipeline.worker.runs.retry(started.run.id);
    expect(await pipeline.ended(started)).toMatchObject({ state: 'failed', errorCode: 'file_empty' });
    expect(await errors()).toEqual(['file_empty']);

    await writeFile(join(folder, names[1]!), whole[1]!);
    await pipeline.worker.runs.retry(started.run.id);
    expect(await pipeline.ended(started)).toMatchObject({ state: 'succeeded' });
    const { rows } = await query('select title from warehouse.movies where movie_id = 9 and not deleted');
    expect(rows).toEqual([{ title: 'By number 1' }]);
  });
});
