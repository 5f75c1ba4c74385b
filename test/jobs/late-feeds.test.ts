import { beforeAll, describe, expect, it } from 'vitest';
import { dropFlow } from '../../jobs/drop-flow.js';
import { listLateFeeds, recordLateFeeds } from '../../jobs/late-feeds.js';
import { movies } from '../../src/dataset/movies.js';
import type { Feed } from '../../src/source/feed.js';
import { useDatabase } from '../database-fixture.js';
import { createThingsTable, loadBytes, things, useFolder } from '../source/loading.js';
import { film, usePipeline } from './pipeline.js';

const database = useDatabase();
const folder = useFolder();
const people: Feed = { name: 'people', fileName: 'people.csv', columns: ['id'] };
beforeAll(() => createThingsTable(database.pools.owner));

const late = async (today: string) => {
  const recorded = await recordLateFeeds(database.pools.pipeline, [things, people], { days: 10, today });
  return recorded.map(({ detail }) => detail);
};

describe('a late feed', () => {
  it('is not reported before anything was loaded', async () => {
    expect(await late('2030-01-01')).toEqual([]);
  });

  it('is reported once, after the configured number of days', async () => {
    await loadBytes(database.pools.pipeline, folder, 'id,Name,note\n1,a,b\n', { period: '2017-08' });
    expect(await late('2017-09-09')).toEqual([]);
    expect(await late('2017-09-11')).toEqual([
      expect.stringMatching(/^people of 2017-08 was expected by 2017-09-10 .* none is loaded/),
    ]);
    expect(await late('2017-10-10')).toEqual([]);
    expect(await late('2017-10-11')).toEqual([
      expect.stringMatching(/^things of 2017-09 was expected by 2017-10-10 .* newest one is of 2017-08/),
    ]);
    expect(await late('2017-10-12')).toEqual([]);
    const { rows } = await database.pools.pipeline.query(
      "select table_name, value from support.issue where reason = 'feed_late' order by id",
    );
    expect(rows).toEqual([
      { table_name: 'source.src_people', value: '2017-08' },
      { table_name: 'source.src_things', value: '2017-09' },
    ]);
  });

  it('is expected for the next month after it arrived', async () => {
    await loadBytes(database.pools.pipeline, folder, 'id,Name,note\n2,a,b\n', { period: '2017-09' });
    expect(await late('2017-11-10')).toEqual([]);
    expect(await late('2017-11-11')).toEqual([expect.stringMatching(/^things of 2017-10/)]);
  });
});

describe('a month whose file has the bytes of another month', () => {
  const pipeline = usePipeline();
  const load = async (period: string, records: Record<string, string>[]) => {
    const folder = await pipeline.writeDrop(period, { movies_metadata: records });
    const run = await pipeline.worker.runs.start(dropFlow, { folder, period }, { requestedBy: 'test' });
    expect(await pipeline.ended(run)).toMatchObject({ state: 'succeeded' });
  };
  const missing = async () => {
    const found = await listLateFeeds(pipeline.resources.pool, movies.feeds, {
      days: 10,
      today: '2018-06-01',
    });
    return found.find(({ feed }) => feed === 'movies_metadata');
  };

  it('is not late, but the one after it is', async () => {
    await load('2017-08', [film('1')]);
    expect(await missing()).toMatchObject({ period: '2017-09' });
    await load('2017-09', [film('1')]);
    expect(await missing()).toMatchObject({
      period: '2017-10',
      detail: expect.stringContaining('the newest one is of 2017-09'),
    });
    await load('2017-10', [film('2')]);
    expect(await missing()).toMatchObject({ period: '2017-11' });
  });

  it('is late again when the file with these bytes is withdrawn', async () => {
    await load('2017-11', [film('2')]);
    expect(await missing()).toMatchObject({ period: '2017-12' });
    const { pool } = pipeline.resources;
    await pool.query("update source.file set state = 'withdrawn' where period = '2017-11'");
    expect(await missing()).toMatchObject({
      period: '2017-11',
      detail: expect.stringMatching(/is not loaded \(file \d+ was withdrawn\); the newest one is of 2017-10/),
    });
  });
});
