import { fileURLToPath } from 'node:url';
import { beforeAll, expect, it } from 'vitest';
import { dropFlow } from '../../jobs/drop-flow.js';
import { rebuildWarehouseFlow, verifyWarehouseFlow } from '../../jobs/rebuild-warehouse.js';
import { initialMapping } from '../../src/dataset/mapping.js';
import { controlAnswers } from '../../src/queue/control/control-handlers.js';
import type { Run } from '../../src/queue/ledger/run-ledger.js';
import { readSteps } from '../../src/queue/ledger/step-ledger.js';
import { currentMapping, installMapping } from '../../src/warehouse/mapping/mapping-ledger.js';
import { usePipeline } from './pipeline.js';

const pipeline = usePipeline();
const by = { requestedBy: 'test' };
const query = async (text: string) => (await pipeline.database.pools.owner.query(text)).rows;
const fixture = (name: string) => fileURLToPath(new URL(`../warehouse/fixtures/${name}`, import.meta.url));
const ingest = (name: string, period: string) =>
  pipeline.worker.runs.start(dropFlow, { folder: fixture(name), period }, by);
/** As an administrator retries it through the API. */
async function accept(started: { run: Run }): Promise<Run> {
  const { runs } = pipeline.worker;
  const args = { id: started.run.id, acceptRejects: true, acceptLoss: true, idempotencyKey: started.run.id };
  const about = { action: 'retryRun', caller: 'ann', expiresAt: Number.POSITIVE_INFINITY } as const;
  await controlAnswers({ pool: pipeline.resources.pool, runs, starts: {} }).retryRun(args, {
    ...about,
    arguments: args,
  });
  return pipeline.ended(started);
}
const totals = () =>
  query('select release_count::int as films, budget::text from reporting.genre_report where genre_id = 16');
const readable = () =>
  query(
    'select count(release_date)::int as dates, count(runtime)::int as runtimes from warehouse.movies where not deleted',
  );

let second: { run: Run };

beforeAll(async () => {
  expect(await pipeline.ended(await ingest('plain-month', '2017-07'))).toMatchObject({ publication: 1 });
});

it('a month with US dates and grouped budgets is held and changes nothing', async () => {
  const before = [await totals(), await readable()];
  expect(before).toEqual([[{ films: 400, budget: '400000000' }], [{ dates: 400, runtimes: 400 }]]);
  second = await ingest('month-with-us-dates', '2017-08');
  const held = await pipeline.ended(second);
  expect(held).toMatchObject({ state: 'held', errorCode: 'load_held', publication: null });
  expect(held.error).toMatch(
    /^60 of 65 values of budget in movies_metadata.csv.gz \(92.31 %\) are not a valid numeric of at least 0, .* record 1 has "1,500,000"/,
  );
  expect(held.error).toMatch(/65 of 65 values of release_date in .* record 1 has "2\/1\/2015"/);
  expect([await totals(), await readable()]).toEqual(before);
});

it('when it is accepted, the cause of each changed number lists the values that could not be read', async () => {
  expect(await accept(second)).toMatchObject({ state: 'succeeded', publication: 2 });
  expect(await totals()).toEqual([{ films: 340, budget: '340000000' }]);
  const causes = await query(
    `select change.report, each as cause from reporting.report_change change cross join jsonb_array_elements(change.cause) as each
     where publication = 2 and each ->> 'movie_id' = '1000' order by 1, change.id`,
  );
  expect(new Set(causes.map(({ report }) => report))).toEqual(
    new Set([
      'genre_report',
      'movie_genre_report',
      'movie_score_report',
      'production_company_genre_report',
      'production_company_movies_report',
      'production_company_report',
    ]),
  );
  const date = { field: 'release_date', value: '2/1/2015', reason: 'value_not_castable' };
  for (const { cause } of causes) expect(cause.unusable).toContainEqual(date);
  expect(causes.find(({ report }) => report === 'movie_score_report')!.cause.unusable).toEqual([
    { field: 'budget', value: '1,500,000', reason: 'value_not_castable' },
    date,
  ]);
  const unexplained = await query(
    `select count(*)::int as count from reporting.report_change
     where publication = 2 and change <> 'insert' and not jsonb_path_exists(cause, '$[*].unusable')`,
  );
  expect(unexplained).toEqual([{ count: 0 }]);
});

it('a rebuild from source agrees after the acceptance', async () => {
  const verified = await pipeline.ended(await pipeline.worker.runs.start(verifyWarehouseFlow, {}, by));
  expect(verified).toMatchObject({ state: 'succeeded', counts: { differences: 0 } });
});

it('a rebuild under another mapping judges the plain columns again, and is held until it is accepted', async () => {
  const mapping = initialMapping.map((row) =>
    row.end_field === 'runtime' ? { ...row, source_field: 'original_language' } : row,
  );
  await installMapping(pipeline.database.pools.pipeline, mapping, { author: 'test', note: 'a wrong column' });
  const version = (await currentMapping(pipeline.database.pools.pipeline))!.version;
  const started = await pipeline.worker.runs.start(rebuildWarehouseFlow, { mapping: 'current' }, by);
  const held = await pipeline.ended(started);
  expect(held).toMatchObject({ state: 'held', errorCode: 'load_held' });
  // Each file is judged in a step of its own.
  const steps = await readSteps(pipeline.resources.pool, started.run.id);
  expect(steps.flatMap(({ error }) => error ?? []).join('\n')).toMatch(
    /^400 of 400 values of original_language in movies_metadata.csv.gz \(100.00 %\) are not a valid numeric of at least 0/m,
  );
  expect(await readable()).toEqual([{ dates: 340, runtimes: 405 }]);

  expect(await accept(started)).toMatchObject({ state: 'succeeded' });
  expect(await readable()).toEqual([{ dates: 340, runtimes: 0 }]);
  expect(
    await query(
      `select file_id, string_agg(column_name, ' ' order by column_name) as columns from support.value_acceptance
       where mapping_version = ${version} and accepted_by = 'ann' group by 1 order by 1`,
    ),
  ).toEqual([
    { file_id: 1, columns: 'original_language' },
    { file_id: 2, columns: 'budget original_language release_date' },
  ]);

  // What is accepted stays accepted under this version.
  const again = await pipeline.worker.runs.start(rebuildWarehouseFlow, { mapping: 'current' }, by);
  expect(await pipeline.ended(again)).toMatchObject({ state: 'succeeded' });
});
