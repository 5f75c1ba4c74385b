import { beforeAll, describe, expect, it } from 'vitest';
import { dropFlow } from '../../jobs/drop-flow.js';
import { rebuildWarehouseFlow, verifyWarehouseFlow } from '../../jobs/rebuild-warehouse.js';
import { startRetiring } from '../../jobs/retire.js';
import { startTakingBack, startWithdrawing } from '../../jobs/withdraw.js';
import { inTransaction } from '../../src/database/transaction.js';
import { movies } from '../../src/dataset/movies.js';
import { causeText } from '../../src/reporting/explain/cause-text.js';
import { findUncleanedFiles } from '../../src/warehouse/clean/uncleaned-files.js';
import { requireWithdrawable, withdrawFile } from '../../src/warehouse/corrections/withdrawal.js';
import { currentMapping, installMapping } from '../../src/warehouse/mapping/mapping-ledger.js';
import { film, until, usePipeline } from './pipeline.js';

// The same months with and without the file that is withdrawn.
const pipeline = usePipeline();
const unspoilt = usePipeline();
const by = { requestedBy: 'test' };
const september = [film('1', { budget: '9' }), film('3', { genres: "[{'id': 35, 'name': 'Comedy'}, x]" })];
const months: Record<string, Record<string, string>[]> = {
  '2017-08': [film('1'), film('2')],
  '2017-09': september,
  '2017-10': [film('4'), film('2', { budget: '7' })],
};
const wrong = { reason: 'the wrong month', actor: 'ann' };
let fileId: number;

const query = async (text: string, values: unknown[] = [], { database } = pipeline) =>
  (await database.pools.pipeline.query(text, values)).rows;
const load = async (period: string, { worker, writeDrop, ended } = pipeline) => {
  const folder = await writeDrop(period, { movies_metadata: months[period]! });
  return ended(await worker.runs.start(dropFlow, { folder, period }, by));
};
/**
 * Everything that is live or was, and everything that is served, without the numbers rows and files were given; without the
 * late feeds that the hourly upkeep may note meanwhile.
 */
async function stateOf(which = pipeline) {
  const state: Record<string, unknown> = {};
  for (const table of ['movies', 'genres', 'movie_genres']) {
    state[table] = await query(
      `select (to_jsonb(t) - '{id,version_id,file_id,created_date,deleted_date,record_number}'::text[]) || jsonb_build_object('key', ${table === 'genres' ? 'id' : 'movie_id'}) as row
       from warehouse."${table}" t order by 1`,
      [],
      which,
    );
  }
  for (const report of which.resources.dataSet.reports) {
    state[report.name] = await query(
      `select to_jsonb(t) as row from reporting."${report.name}" t order by 1`,
      [],
      which,
    );
  }
  state.issues = await query(
    `select table_name, reason from support.issue where reason <> 'feed_late' order by 1, 2`,
    [],
    which,
  );
  return state;
}
const withdraw = async () =>
  pipeline.ended(await startWithdrawing(pipeline.worker.runs, { fileId, ...wrong }, by));
const takeBack = async () =>
  pipeline.ended(await startTakingBack(pipeline.worker.runs, { fileId, reason: 'right', actor: 'bob' }, by));
const differences = async () => {
  const { runs } = pipeline.worker;
  return (await pipeline.ended(await runs.start(verifyWarehouseFlow, {}, by))).counts.differences;
};
let whole: unknown;

beforeAll(async () => {
  for (const month of Object.keys(months)) expect(await load(month)).toMatchObject({ state: 'succeeded' });
  for (const month of ['2017-08', '2017-10']) await load(month, unspoilt);
  [{ id: fileId }] = (await query("select id from source.file where period = '2017-09'")) as [{ id: number }];
  whole = await stateOf();
});

describe('a file that is withdrawn', () => {
  it('leaves the warehouse and the reports as if it had never been loaded, also after a rebuild', async () => {
    expect(await withdraw()).toMatchObject({ state: 'succeeded', error: null, publication: 4 });
    const without = await stateOf(unspoilt);
    expect(await stateOf()).toEqual(without);
    expect(await differences()).toBe(0);
    for (const mapping of ['recorded', 'current'] as const) {
      await pipeline.ended(await pipeline.worker.runs.start(rebuildWarehouseFlow, { mapping }, by));
      expect(await stateOf()).toEqual(without);
    }
    expect(await findUncleanedFiles(pipeline.database.pools.pipeline)).toEqual([]);
  });

  it('keeps its records, and the causes and the audit show who withdrew it and why', async () => {
    expect(
      await query('select id from source.src_movies_metadata where file_id = $1', [fileId]),
    ).toHaveLength(2);
    const changes = await query(
      `select row_key, cause from reporting.report_change where publication = 4 and report = 'movie_score_report'`,
    );
    // What is left of a film is from a month known long before, though all of the warehouse is made anew.
    expect(changes.flatMap(({ cause }) => cause)).not.toContainEqual(
      expect.objectContaining({ late: expect.anything() }),
    );
    const gone = changes.find(({ row_key: key }) => key.movie_id === 3);
    expect(gone.cause).toContainEqual(expect.objectContaining({ kind: 'gone', movie_id: 3 }));
    expect(changes.length).toBeGreaterThan(1);
    for (const { cause } of changes) {
      expect(causeText(cause[0], 'film', 'movie_id')).toBe(
        `file ${fileId} was withdrawn; by ann: the wrong month`,
      );
    }
    expect(
      await query(
        "select actor, action, arguments from support.audit_event where action = 'warehouse.withdraw'",
      ),
    ).toEqual([
      { actor: 'ann', action: 'warehouse.withdraw', arguments: { fileId, reason: 'the wrong month' } },
    ]);
  });

  it('is refused when the same bytes come for the same month again, with a message on how to undo the withdrawal', async () => {
    const before = await stateOf();
    const again = await load('2017-09');
    expect(again).toMatchObject({ state: 'failed', errorCode: 'file_withdrawn' });
    expect(again.error).toContain(
      `which was withdrawn. To use it again: marquee withdraw ${fileId} --undo --reason TEXT`,
    );
    expect(await stateOf()).toEqual(before);
  });

  it('is refused a second time, and so is an unknown file; no run is created', async () => {
    const runs = async () => (await query('select from support.run')).length;
    const before = await runs();
    await expect(withdraw()).rejects.toMatchObject({ code: 'file_not_loaded' });
    const unknown = startWithdrawing(pipeline.worker.runs, { ...wrong, fileId: 99 }, by);
    await expect(unknown).rejects.toMatchObject({ code: 'file_unknown' });
    expect(await runs()).toBe(before);
  });

  it('is checked while it is cleaned, and not only afterwards', async () => {
    const { pipeline: pool } = pipeline.database.pools;
    const [{ id }] = (await query("select id from source.file where period = '2017-08'")) as [{ id: number }];
    await inTransaction(pool, async (cleaning) => {
      // What a foreign key takes when the ledger of cleaning is written.
      await cleaning.query('select from source.file where id = $1 for key share', [id]);
      await inTransaction(pool, async (client) => {
        await client.query("set local lock_timeout = '1s'");
        await requireWithdrawable(client, (await currentMapping(client))!, id);
      });
    });
  });

  it('returns unchanged when the withdrawal is undone', async () => {
    expect(await takeBack()).toMatchObject({ state: 'succeeded', error: null, counts: { published: true } });
    expect(await stateOf()).toEqual(whole);
    const reasons = await query('select reason from reporting.publication where number > 3 order by number');
    expect(reasons.map(({ reason }) => reason)).toEqual(['withdraw', 'rebuild', 'rebuild', 'take back']);
    const [{ cause }] = await query(
      `select cause from reporting.report_change
       where publication = (select max(number) from reporting.publication) limit 1`,
    );
    expect(causeText(cause[0], 'film', 'movie_id')).toBe(
      `file ${fileId} was taken back; by bob; withdrawn for: the wrong month`,
    );
    expect(await differences()).toBe(0);
    await expect(takeBack()).rejects.toMatchObject({ code: 'file_not_withdrawn' });
  });
});

it('a drop continues without a file that is withdrawn while the drop waits for other runs', async () => {
  const { worker, database } = pipeline;
  const folder = await pipeline.writeDrop('2017-11', {
    movies_metadata: [film('5')],
    links: [{ movieId: '1005', imdbId: '5', tmdbId: '5' }],
  });
  const turn = await database.pools.owner.connect();
  try {
    await turn.query(`select pg_advisory_lock(hashtextextended('marquee.turn', 0))`);
    const run = await worker.runs.start(dropFlow, { folder, period: '2017-11' }, by);
    const file = async () =>
      (
        await query(
          "select id from source.file where period = '2017-11' and feed = 'movies_metadata' and state = 'loaded'",
        )
      )[0]?.id;
    await until(async () => (await file()) !== undefined, 'the film is loaded');
    const spoilt = { fileId: await file(), ...wrong };
    await inTransaction(database.pools.pipeline, async (client) =>
      withdrawFile(client, (await currentMapping(client))!, spoilt),
    );
    await turn.query(`select pg_advisory_unlock(hashtextextended('marquee.turn', 0))`);
    expect(await pipeline.ended(run)).toMatchObject({ state: 'succeeded', error: null });
  } finally {
    turn.release();
  }
  expect(await query('select from warehouse.movies where movie_id = 5')).toEqual([]);
  expect(await query('select from warehouse.movie_links where movie_id = 5')).toHaveLength(1);
});

it('a drop whose cleaning failed continues without a file that is withdrawn afterwards', async () => {
  const { worker, database } = pipeline;
  const folder = await pipeline.writeDrop('2017-12', {
    movies_metadata: [film('6')],
    links: [{ movieId: '1006', imdbId: '6', tmdbId: '6' }],
  });
  const turn = await database.pools.owner.connect();
  const setState = (state: string, from: string) =>
    query(
      "update source.file set state = $1 where period = '2017-12' and feed = 'movies_metadata' and state = $2 returning id",
      [state, from],
    );
  try {
    await turn.query(`select pg_advisory_lock(hashtextextended('marquee.turn', 0))`);
    const { run } = await worker.runs.start(dropFlow, { folder, period: '2017-12' }, by);
    await until(async () => (await setState('held', 'loaded')).length > 0, 'the film is loaded');
    await turn.query(`select pg_advisory_unlock(hashtextextended('marquee.turn', 0))`);
    expect(await pipeline.ended({ run })).toMatchObject({ state: 'failed', errorCode: 'file_not_loaded' });
    const [spoilt] = (await setState('loaded', 'held')) as [{ id: number }];
    await inTransaction(database.pools.pipeline, async (client) =>
      withdrawFile(client, (await currentMapping(client))!, { fileId: spoilt.id, ...wrong }),
    );
    const again = await worker.runs.retry(run.id);
    expect(await pipeline.ended({ run: again })).toMatchObject({ state: 'succeeded', error: null });
  } finally {
    turn.release();
  }
  expect(await query('select from warehouse.movies where movie_id = 6')).toEqual([]);
  expect(await query('select from warehouse.movie_links where movie_id = 6')).toHaveLength(1);
});

it('a file cannot be withdrawn while it is in a table that the mapping no longer fills', async () => {
  const pool = unspoilt.database.pools.pipeline;
  const change = { author: 'test', note: 'without genres for a while' };
  await installMapping(
    pool,
    movies.mapping.filter(({ end_table }) => end_table !== 'movie_genres'),
    change,
  );
  const [file] = (await query('select min(id) as id from source.file', [], unspoilt)) as { id: number }[];
  await expect(
    startWithdrawing(unspoilt.worker.runs, { fileId: file!.id, ...wrong }, by),
  ).rejects.toMatchObject({
    code: 'table_not_mapped',
    message: expect.stringContaining('is in movie_genres, which the mapping no longer fills'),
  });
  await installMapping(pool, movies.mapping, change);
});

it('the only loaded file cannot be withdrawn', async () => {
  const { runs } = unspoilt.worker;
  const [first, second] = (await query('select id from source.file order by id', [], unspoilt)) as {
    id: number;
  }[];
  const ended = await unspoilt.ended(await startWithdrawing(runs, { fileId: second!.id, ...wrong }, by));
  expect(ended).toMatchObject({ state: 'succeeded', counts: { published: true } });
  expect(
    await query(
      'select as_of_day::text from reporting.publication order by number desc limit 1',
      [],
      unspoilt,
    ),
  ).toEqual([{ as_of_day: '2017-08-31' }]);
  const last = startWithdrawing(runs, { fileId: first!.id, ...wrong }, by);
  await expect(last).rejects.toMatchObject({ code: 'nothing_loaded' });
});

it('a retired code of a standard stays retired when the only file of its table is withdrawn, and when it is restored', async () => {
  const { runs } = unspoilt.worker;
  const isLive = async () =>
    (await query("select from warehouse.production_countries where id = 'FR' and not deleted", [], unspoilt))
      .length > 0;
  const folder = await unspoilt.writeDrop('2017-12', {
    links: [{ movieId: '1001', imdbId: '1', tmdbId: '1' }],
  });
  await unspoilt.ended(await runs.start(dropFlow, { folder, period: '2017-12' }, by));
  const france = { table: 'production_countries', keys: [{ id: 'FR' }], reason: 'test', actor: 'ann' };
  expect(await isLive()).toBe(true);
  expect(await unspoilt.ended(await startRetiring(runs, france, by))).toMatchObject({ state: 'succeeded' });
  expect(await isLive()).toBe(false);
  const [{ id }] = (await query(
    "select id from source.file where feed = 'movies_metadata' and state = 'loaded'",
    [],
    unspoilt,
  )) as [{ id: number }];
  const only = { ...wrong, fileId: id };
  expect(await unspoilt.ended(await startWithdrawing(runs, only, by))).toMatchObject({ state: 'succeeded' });
  expect(await isLive()).toBe(false);
  expect(await unspoilt.ended(await startTakingBack(runs, only, by))).toMatchObject({ state: 'succeeded' });
  expect(await isLive()).toBe(false);
  const verified = await unspoilt.ended(await runs.start(verifyWarehouseFlow, {}, by));
  expect(verified.counts.differences).toBe(0);
});
