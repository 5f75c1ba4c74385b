import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { dropFlow } from '../../jobs/drop-flow.js';
import { rebuildWarehouseFlow, verifyWarehouseFlow } from '../../jobs/rebuild-warehouse.js';
import { replayRejectsFlow } from '../../jobs/replay-rejects.js';
import { rebuildReportsFlow, rollbackFlow } from '../../jobs/report-flows.js';
import { restoreFlow, retireFlow } from '../../jobs/retire.js';
import { causeText } from '../../src/reporting/explain/cause-text.js';
import { changesNotExplained } from '../reporting/causes/sums-of-causes.js';
import { film, usePipeline } from './pipeline.js';

const pipeline = usePipeline();
const by = { requestedBy: 'test' };
const query = async (text: string) => (await pipeline.database.pools.pipeline.query(text)).rows;
const genres = () =>
  query('select year, genre_id, budget::text, release_count::int from reporting.genre_report order by 1, 2');
const twoFilms = { year: 1995, genre_id: 16, budget: '3000000', release_count: 2 };
const oneFilm = { year: 1995, genre_id: 16, budget: '2000000', release_count: 1 };
const link = {
  table: 'movie_genres',
  keys: [{ movie_id: '1', genre_id: '16' }],
  reason: 'no animation',
  actor: 'ann',
};
const agrees = async () =>
  pipeline
    .ended(await pipeline.worker.runs.start(verifyWarehouseFlow, {}, by))
    .then(({ counts }) => counts.differences);

beforeAll(async () => {
  const folder = await pipeline.writeDrop('2017-08', { movies_metadata: [film('1'), film('2')] });
  await appendFile(join(folder, 'movies_metadata.csv'), 'broken\n');
  const payload = { folder, period: '2017-08', acceptedBy: 'test' };
  await pipeline.ended(await pipeline.worker.runs.start(dropFlow, payload, by));
});

describe('a link retired by hand', () => {
  it('leaves the reports, which show who retired it and why, and stays out after a rebuild from source', async () => {
    expect(await genres()).toEqual([twoFilms]);
    const { runs } = pipeline.worker;
    expect(await pipeline.ended(await runs.start(retireFlow, link, by))).toMatchObject({ publication: 2 });
    expect(await genres()).toEqual([oneFilm]);
    expect(await query('select reason from reporting.publication where number = 2')).toEqual([
      { reason: 'retire' },
    ]);
    const [change] = await query(
      "select cause from reporting.report_change where publication = 2 and report = 'genre_report' and column_name = 'budget'",
    );
    expect(change.cause).toMatchObject([
      {
        kind: 'retired link',
        by: 'ann',
        reason: 'no animation',
        movie_id: 1,
        amounts: { budget: '-1000000' },
      },
    ]);
    const rebuilt = await pipeline.ended(await runs.start(rebuildWarehouseFlow, {}, by));
    expect(rebuilt).toMatchObject({ state: 'succeeded' });
    expect(await query('select from reporting.report_change where publication > 2')).toEqual([]);
    expect(await genres()).toEqual([oneFilm]);
    expect(await agrees()).toBe(0);
  });

  it('returns when it is restored, and leaves again when that publication is rolled back', async () => {
    const { runs } = pipeline.worker;
    const { publication } = await pipeline.ended(await runs.start(restoreFlow, link, by));
    expect(await genres()).toEqual([twoFilms]);
    expect(await query(`select reason from reporting.publication where number = ${publication}`)).toEqual([
      { reason: 'restore' },
    ]);
    const [change] = await query(
      `select cause from reporting.report_change where publication = ${publication} and report = 'genre_report' and column_name = 'budget'`,
    );
    expect(change.cause).toMatchObject([
      { kind: 'restored link', movie_id: 1, amounts: { budget: '1000000' } },
    ]);
    const back = await pipeline.ended(await runs.start(rollbackFlow, { to: publication! - 1 }, by));
    expect(back).toMatchObject({ publication: publication! + 1 });
    expect(await genres()).toEqual([oneFilm]);
  });
});

describe('a rollback', () => {
  const sendAgain = async () => {
    const folder = await pipeline.writeDrop('2017-08', { movies_metadata: [film('1'), film('2')] });
    await appendFile(join(folder, 'movies_metadata.csv'), 'broken\n');
    const payload = { folder, period: '2017-08', acceptedBy: 'test' };
    return pipeline.ended(await pipeline.worker.runs.start(dropFlow, payload, by));
  };

  it('is not undone by loading the same files again, but by a rebuild', async () => {
    const { runs } = pipeline.worker;
    const [{ number }] = await query('select max(number) as number from reporting.publication');
    expect(await genres()).toEqual([oneFilm]);
    expect(await sendAgain()).toMatchObject({
      state: 'succeeded',
      publication: number,
      counts: { published: false, restores: number - 2 },
    });
    expect(await genres()).toEqual([oneFilm]);
    expect(await pipeline.ended(await runs.start(rebuildReportsFlow, {}, by))).toMatchObject({
      publication: number + 1,
      counts: { published: true },
    });
    expect(await genres()).toEqual([twoFilms]);
  });
});

describe('replayed rejects', () => {
  it('are loaded if they are valid now, and then are in the warehouse and the reports', async () => {
    const { runs } = pipeline.worker;
    const before = await pipeline.ended(await runs.start(replayRejectsFlow, {}, by));
    expect(before).toMatchObject({ publication: null, counts: { tried: 1, loaded: 0, published: false } });

    // What a reader that has learned to read the record would make of it.
    const columns = pipeline.resources.dataSet.feeds.find(({ name }) => name === 'movies_metadata')!.columns;
    const record: Record<string, string> = { ...film('4'), genres: `"[{'id': 16, 'name': 'Animation'}]"` };
    await pipeline.database.pools.owner.query('update source.reject set raw = $1', [
      columns.map((column) => record[column] ?? '').join(','),
    ]);
    const replayed = await pipeline.ended(await runs.start(replayRejectsFlow, {}, by));
    expect(replayed).toMatchObject({
      publication: expect.any(Number),
      counts: { tried: 1, loaded: 1, published: true },
    });
    expect(await genres()).toEqual([{ year: 1995, genre_id: 16, budget: '7000000', release_count: 3 }]);
    const [file] = await query('select record_count, reject_count from source.file');
    expect(file).toEqual({ record_count: 3, reject_count: 0 });
    expect(await agrees()).toBe(0);
  });
});

describe('a genre retired by hand', () => {
  it('is the cause of the films missing from its rows, and the amounts add up', async () => {
    const { runs } = pipeline.worker;
    const genre = { table: 'genres', keys: [{ id: '16' }], reason: 'no genre of ours', actor: 'ann' };
    const { publication } = await pipeline.ended(await runs.start(retireFlow, genre, by));
    expect(await genres()).toEqual([]);
    const [gone] = await query(
      `select change, cause from reporting.report_change where publication = ${publication} and report = 'genre_report'`,
    );
    expect(gone.change).toBe('delete');
    expect(gone.cause[0]).toMatchObject({
      kind: 'retired',
      movie_id: 1,
      table: 'genres',
      key: { id: '16' },
      by: 'ann',
      reason: 'no genre of ours',
      file: 'movies_metadata.csv',
    });
    expect(causeText(gone.cause[0], 'film', 'movie_id')).toMatch(
      /^Film 1 \(film 1\): genres with id 16 was retired manually; by ann: no genre of ours; movies_metadata.csv of 2017-08/,
    );
    expect(await changesNotExplained(pipeline.database.pools.pipeline, publication!)).toEqual([]);
  });
});
