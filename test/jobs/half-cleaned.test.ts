import { expect, it } from 'vitest';
import { dropFlow } from '../../jobs/drop-flow.js';
import { rebuildReportsFlow } from '../../jobs/report-flows.js';
import { findUncleanedFiles } from '../../src/warehouse/clean/uncleaned-files.js';
import { sweepEntries } from '../../src/warehouse/extract/entry-staging.js';
import { film, stepsOf, until, usePipeline } from './pipeline.js';

const pipeline = usePipeline();
const by = { requestedBy: 'test' };
const start = async (period: string, films: Record<string, string>[]) =>
  pipeline.worker.runs.start(
    dropFlow,
    { folder: await pipeline.writeDrop(period, { movies_metadata: films }), period },
    by,
  );
const query = (text: string) => pipeline.database.pools.owner.query(text);
const pool = () => pipeline.database.pools.pipeline;
const entries = async () =>
  (
    await query(
      `select tablename as name from pg_tables where schemaname = 'warehouse' and tablename like 'entries%' order by 1`,
    )
  ).rows.map(({ name }) => name);
const genres = async () =>
  (await query('select release_count::int as films, budget::float from reporting.genre_report')).rows;

it('a drop that was cleaned in part is not published by another run, and by its own run only when it is complete', async () => {
  expect(await pipeline.ended(await start('2017-01', [film('1')]))).toMatchObject({ publication: 1 });

  await query(`
    create function public.refuse() returns trigger language plpgsql security definer as
      $$ begin raise exception 'not now' using errcode = 'P0001'; end $$;
    create trigger refuse before insert on warehouse.movie_genres for each row execute function public.refuse()`);
  const broken = await start('2017-02', [film('1', { budget: '5' }), film('2'), film('3')]);
  await until(
    async () => (await query('select from warehouse.movies where not deleted')).rowCount === 3,
    'the films are cleaned',
  );
  expect(await sweepEntries(pool())).toEqual([]); // a run is under way
  await pipeline.worker.runs.cancel(broken.run.id);
  expect(await pipeline.ended(broken)).toMatchObject({ state: 'cancelled' });
  await query('drop trigger refuse on warehouse.movie_genres');

  for (const other of [
    await pipeline.worker.runs.start(rebuildReportsFlow, {}, by),
    await start('2017-03', [film('4')]),
  ]) {
    expect(await pipeline.ended(other)).toMatchObject({
      state: 'failed',
      errorCode: 'file_cleaned_in_part',
      error: expect.stringMatching(
        `^movies_metadata\\.csv of 2017-02 .* only partly in the warehouse, .* by marquee retry ${broken.run.id}\\.$`,
      ),
    });
  }
  expect(await genres()).toEqual([{ films: 1, budget: 1_000_000 }]);
  expect(await findUncleanedFiles(pipeline.database.pools.pipeline)).toMatchObject([
    { period: '2017-02', inPart: true },
  ]);

  const staged = await entries();
  expect((await sweepEntries(pool())).sort()).toEqual(staged);
  expect(staged).toContainEqual(expect.stringMatching(/^entries_\d+_genres$/));
  expect(await entries()).toEqual([]);

  await pipeline.worker.runs.retry(broken.run.id);
  expect(await pipeline.ended(broken)).toMatchObject({ state: 'succeeded', publication: 2 });
  expect(await genres()).toEqual([{ films: 4, budget: 9_000_005 }]);
  expect(await findUncleanedFiles(pipeline.database.pools.pipeline)).toEqual([]);
});

it('a retried run waits again for other runs, and builds from what the warehouse contains then', async () => {
  // Held at its publication, when all is built.
  await query(`
    create trigger refuse before insert on reporting.publication for each row execute function public.refuse()`);
  const first = await start('2017-04', [film('5')]);
  await until(
    async () =>
      (await stepsOf(pipeline, first.run.id)).some(
        ({ name, attempt }) => name === 'publish:publish' && attempt > 0,
      ),
    'the first run publishes',
  );
  await pipeline.worker.runs.cancel(first.run.id);
  expect(await pipeline.ended(first)).toMatchObject({ state: 'cancelled' });
  await query('drop trigger refuse on reporting.publication');

  const second = await start('2017-05', [film('6')]);
  expect(await pipeline.ended(second)).toMatchObject({ state: 'succeeded' });
  await pipeline.worker.runs.retry(first.run.id);
  expect(await pipeline.ended(first)).toMatchObject({ state: 'succeeded' });
  expect(await genres()).toEqual([{ films: 6, budget: 20_000_005 }]);

  // Another is in the middle of its turn when it is retried once more.
  const holder = await pipeline.database.pools.owner.connect();
  await holder.query('begin; lock table warehouse.movies in share mode');
  const third = await start('2017-06', [film('7')]);
  const waits = async () =>
    (await query("select from pg_locks where not granted and relation = 'warehouse.movies'::regclass"))
      .rowCount! > 0;
  await until(waits, 'the third run cleans');
  await query(`update support.run set state = 'failed' where id = '${first.run.id}'`);
  await pipeline.worker.runs.retry(first.run.id);
  const turn = async () => (await stepsOf(pipeline, first.run.id)).find(({ name }) => name === 'turn:take');
  await until(async () => (await turn())?.state === 'running', 'it waits for its turn');
  expect((await stepsOf(pipeline, first.run.id)).some(({ name }) => name.startsWith('build:'))).toBe(false);
  await holder.query('rollback');
  holder.release();
  expect(await pipeline.ended(third)).toMatchObject({ state: 'succeeded' });
  expect(await pipeline.ended(first)).toMatchObject({ state: 'succeeded' });
});
