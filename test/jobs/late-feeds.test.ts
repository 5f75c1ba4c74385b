import { beforeAll, describe, expect, it } from 'vitest';
import { recordLateFeeds } from '../../jobs/late-feeds.js';
import type { Feed } from '../../src/source/feed.js';
import { useDatabase } from '../database-fixture.js';
import { createThingsTable, loadBytes, things, useFolder } from '../source/loading.js';

const database = useDatabase();
const folder = useFolder();
const people: Feed = { name: 'people', fileName: 'people.csv', columns: ['id'] };
beforeAll(() => createThingsTable(database.pools.owner));

const late = async (today: string) => {
  const recorded = await recordLateFeeds(database.pools.pipeline, [things, people], { days: 10, today });
  return recorded.map(({ detail }) => detail);
};

describe('a late feed', () => {
  it('is no matter while nothing was ever loaded', async () => {
    expect(await late('2030-01-01')).toEqual([]);
  });

  it('is warned about once, from the stated number of days after the month on', async () => {
    await loadBytes(database.pools.pipeline, folder, 'id,Name,note\n1,a,b\n', { period: '2017-08' });
    expect(await late('2017-09-09')).toEqual([]);
    expect(await late('2017-09-11')).toEqual([
      expect.stringMatching(/^people of 2017-08 was expected by 2017-09-10 .* none was ever loaded/),
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

  it('is expected for the next month once it came', async () => {
    await loadBytes(database.pools.pipeline, folder, 'id,Name,note\n2,a,b\n', { period: '2017-09' });
    expect(await late('2017-11-10')).toEqual([]);
    expect(await late('2017-11-11')).toEqual([expect.stringMatching(/^things of 2017-10/)]);
  });
});
