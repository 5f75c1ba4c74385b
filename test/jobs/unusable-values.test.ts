import { expect, it } from 'vitest';
import { dropFlow } from '../../jobs/drop-flow.js';
import { rebuildWarehouseFlow } from '../../jobs/rebuild-warehouse.js';
import { controlAnswers } from '../../src/queue/control/control-handlers.js';
import { readSteps } from '../../src/queue/ledger/step-ledger.js';
import { film, usePipeline } from './pipeline.js';

const pipeline = usePipeline();
const by = { requestedBy: 'test' };
const query = async (text: string) => (await pipeline.database.pools.owner.query(text)).rows;
const start = async (period: string, films: Record<string, string>[], acceptedBy?: string) =>
  pipeline.worker.runs.start(
    dropFlow,
    { folder: await pipeline.writeDrop(period, { movies_metadata: films }), period, acceptedBy },
    by,
  );
/** As an administrator retries it through the API. */
const accept = async (started: Awaited<ReturnType<typeof start>>) => {
  const { runs } = pipeline.worker;
  const args = { id: started.run.id, acceptRejects: true, acceptLoss: false, idempotencyKey: started.run.id };
  const about = { action: 'retryRun', caller: 'ann', expiresAt: Number.POSITIVE_INFINITY } as const;
  await controlAnswers({ pool: pipeline.resources.pool, runs, starts: {} }).retryRun(args, {
    ...about,
    arguments: args,
  });
  return pipeline.ended(started);
};
const films = (
  count: number,
  more: (index: number) => { [column: string]: string | undefined } = () => ({}),
) =>
  Array.from({ length: count }, (_, index) => film(String(index + 1), more(index) as Record<string, string>));
const dates = () =>
  query(
    `select release_date::text as day, budget::text, count(*)::int as films from warehouse.movies
     where valid_to is null group by 1, 2 order by 2 nulls last limit 3`,
  );
const served = () =>
  query('select movie_id, release_date::text as day from reporting.movie_score_report order by 1 limit 2');
const acceptances = () =>
  query(
    `select file_id, column_name, mapping_version, accepted_by, unusable_count, value_count
     from support.value_acceptance order by file_id, column_name`,
  );
const audited = () =>
  query(
    `select actor, arguments, run_id from support.audit_event where action = 'warehouse.accept_values' order by id`,
  );

it('a month whose dates and budgets cannot be read is held before anything is cleaned, and is published only when accepted', async () => {
  expect(await pipeline.ended(await start('2017-07', films(40)))).toMatchObject({ publication: 1 });
  const before = { cleaned: await dates(), served: await served() };
  const foreign = films(40, (index) => ({
    release_date: '2/1/2015',
    budget: index < 3 ? `1,500,00${index}` : '1500000',
    runtime: index < 2 ? 'long' : '90',
  }));
  const started = await start('2017-08', foreign);
  expect(await pipeline.ended(started)).toMatchObject({
    state: 'held',
    errorCode: 'load_held',
    error:
      '3 of 40 values of budget in movies_metadata.csv (7.50 %) are not a valid numeric of at least 0, more than the 5 % allowed: ' +
      'record 1 has "1,500,000", record 2 has "1,500,001", record 3 has "1,500,002"; ' +
      '40 of 40 values of release_date in movies_metadata.csv (100.00 %) are not a valid date, more than the 5 % allowed: ' +
      'record 1 has "2/1/2015", record 2 has "2/1/2015", record 3 has "2/1/2015". ' +
      `Deliver a corrected file, or accept them with marquee retry ${started.run.id} --accept-rejects.`,
    publication: null,
  });
  expect({ cleaned: await dates(), served: await served() }).toEqual(before);
  expect(await acceptances()).toEqual([]);

  // Without the acceptance a retry is held again.
  await pipeline.worker.runs.retry(started.run.id);
  expect(await pipeline.ended(started)).toMatchObject({ state: 'held', publication: null });
  expect(await accept(started)).toMatchObject({ state: 'succeeded', publication: 2 });
  expect(await dates()).toEqual([
    { day: null, budget: '1500000', films: 37 },
    { day: null, budget: null, films: 3 },
  ]);
  const [budget, date] = [
    { column: 'budget', unusable: 3, values: 40 },
    { column: 'release_date', unusable: 40, values: 40 },
  ];
  expect(await acceptances()).toMatchObject([
    { file_id: 2, column_name: 'budget', accepted_by: 'ann', unusable_count: 3, value_count: 40 },
    { file_id: 2, column_name: 'release_date', accepted_by: 'ann', unusable_count: 40, value_count: 40 },
  ]);
  expect(await audited()).toEqual([
    {
      actor: 'ann',
      arguments: { fileId: 2, mappingVersion: 1, columns: [budget, date] },
      run_id: started.run.id,
    },
  ]);

  const rebuilt = await pipeline.worker.runs.start(rebuildWarehouseFlow, {}, by);
  expect(await pipeline.ended(rebuilt)).toMatchObject({ state: 'succeeded' });
  expect(await dates()).toEqual([
    { day: null, budget: '1500000', films: 37 },
    { day: null, budget: null, films: 3 },
  ]);
});

it('few unusable values become empty fields with issues, as do two of a small file', async () => {
  const few = films(40, (index) => (index < 2 ? { release_date: '2/1/2015', runtime: 'long' } : {}));
  expect(await pipeline.ended(await start('2017-09', few))).toMatchObject({ state: 'succeeded' });
  expect(
    await query(
      `select column_name, count(*)::int as issues from support.issue where file_id = 3 group by 1 order by 1`,
    ),
  ).toEqual([
    { column_name: 'release_date', issues: 2 },
    { column_name: 'runtime', issues: 2 },
  ]);
  const tiny = films(2, () => ({ release_date: '2/1/2015' }));
  expect(await pipeline.ended(await start('2017-10', tiny))).toMatchObject({ state: 'succeeded' });
});

it('a nested column of which too much cannot be read holds the run, with nothing merged and nothing staged', async () => {
  const warehouse = () => query('select count(*)::int as rows, max(file_id) as file from warehouse.movies');
  const before = await warehouse();
  const piped = films(40, (index) =>
    index < 3 ? { genres: 'Animation|Comedy', title: 'New' } : { title: 'New' },
  );
  const started = await start('2017-11', piped);
  expect(await pipeline.ended(started)).toMatchObject({
    state: 'held',
    errorCode: 'load_held',
    error:
      '3 of 40 values of genres in movies_metadata.csv (7.50 %) are not a valid literal of lists and dicts, more than the 5 % allowed: ' +
      'record 1 has "Animation|Comedy", record 2 has "Animation|Comedy", record 3 has "Animation|Comedy". ' +
      `Deliver a corrected file, or accept them with marquee retry ${started.run.id} --accept-rejects.`,
  });
  expect(await warehouse()).toEqual(before);
  expect(
    await query(String.raw`select relname from pg_class where relkind = 'r' and relname like 'entries\_%'`),
  ).toEqual([]);
  expect(await accept(started)).toMatchObject({ state: 'succeeded' });
  expect((await acceptances()).at(-1)).toMatchObject({
    column_name: 'genres',
    unusable_count: 3,
    value_count: 40,
  });
  const steps = await readSteps(pipeline.resources.pool, started.run.id);
  expect(steps.find(({ name }) => name.includes('expand'))!.counts).toMatchObject({ issues: 3 });
});

it('a drop that is accepted when it is started is not held, neither for its plain nor for its nested columns', async () => {
  const broken = films(40, () => ({ release_date: '2/1/2015', genres: 'Animation|Comedy' }));
  expect(await pipeline.ended(await start('2017-12', broken, 'bob'))).toMatchObject({ state: 'succeeded' });
  expect((await acceptances()).slice(-2)).toMatchObject([
    { column_name: 'genres', accepted_by: 'bob' },
    { column_name: 'release_date', accepted_by: 'bob' },
  ]);
});
