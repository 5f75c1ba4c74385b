import { beforeAll, describe, expect, it } from 'vitest';
import { inTransaction } from '../../../src/database/transaction.js';
import { initialMapping } from '../../../src/dataset/mapping.js';
import { movies } from '../../../src/dataset/movies.js';
import { explainMissingKeys } from '../../../src/warehouse/clean/key-coverage.js';
import { currentMapping } from '../../../src/warehouse/mapping/mapping-ledger.js';
import { useDatabase } from '../../database-fixture.js';
import { install } from '../cleaning.js';
import { loadRecords, type SourceRecord } from '../source-rows.js';

describe('records without a usable key', () => {
  const database = useDatabase();
  const pool = () => database.pools.pipeline;
  const why = async (feed: string, records: readonly SourceRecord[], share: number) => {
    const id = await loadRecords(pool(), feed, '2017-08', records);
    const sourceTable = `src_${feed}`;
    const unseen = {
      fileId: id,
      sourceTable,
      name: feed,
      header: movies.feeds.find(({ name }) => name === feed)!.columns,
      count: records.length,
      tables: [`source.${sourceTable}_${id}`],
    };
    return inTransaction(pool(), async (client) =>
      explainMissingKeys(client, (await currentMapping(client))!, unseen, share),
    );
  };
  const rating = { userId: '1', movieId: '1', rating: '4.5', timestamp: '1' };

  beforeAll(() => install(pool()));

  it.each<[string, string, SourceRecord[], string]>([
    ['is missing', 'links', [{ movieId: '1' }, { movieId: null }], 'the movieId of record 2 is missing'],
    ['is of another type', 'links', [{ movieId: '1' }, { movieId: 'x' }], 'the movieId of record 2 is "x"'],
    [
      'is too large for its type',
      'links',
      [{ movieId: '1' }, { movieId: '9999999999' }],
      'the movieId of record 2 is "9999999999"',
    ],
    [
      'is missing in one of two fields',
      'ratings',
      [rating, { ...rating, movieId: null }],
      'the movieId of record 2 is missing',
    ],
    [
      'is personal and of another type',
      'ratings',
      [rating, { ...rating, userId: 'someone' }],
      'the userId of record 2 is "***", expected a value of type bigint',
    ],
    [
      'is blank and personal',
      'ratings',
      [rating, { ...rating, userId: ' ' }],
      'the userId of record 2 is missing',
    ],
  ])('are counted when the key %s', async (_what, feed, records, example) => {
    expect(await why(feed, records, 0.5)).toBeUndefined();
    expect(await why(feed, records, 0.49)).toContain(`1 of 2 records of ${feed} (50.00 %)`);
    expect(await why(feed, records, 0.49)).toContain(example);
  });

  it('are not reported when the key was renamed in the mapping after the file was received', async () => {
    const renamed = initialMapping.map((row) =>
      row.end_table === 'movie_links' && row.source_field === 'movieId'
        ? { ...row, source_field: 'film_id' }
        : row,
    );
    await install(pool(), renamed);
    expect(await why('links', [{ movieId: '1' }, { movieId: '2' }], 0)).toBeUndefined();
    await install(pool());
  });

  it('are not reported when a number is written with spaces or a decimal point', async () => {
    expect(await why('links', [{ movieId: ' 1 ' }, { movieId: '2.0' }, { movieId: '3' }], 0)).toBeUndefined();
  });

  it('are found by a sample in a file of more than a million records, and then counted', async () => {
    const pools = pool();
    await pools.query(`
      create table source.large as
      select number as record_number, case when number % 5 < 3 then 'x' else number::text end as "movieId"
      from generate_series(1, 1000001) number`);
    const mapping = (await currentMapping(pools))!;
    const header = ['movieId', 'imdbId', 'tmdbId'];
    const unseen = {
      fileId: 1,
      sourceTable: 'src_links',
      name: 'links',
      header,
      count: 1000001,
      tables: ['source.large'],
    };
    try {
      await inTransaction(pools, async (client) => {
        expect(await explainMissingKeys(client, mapping, unseen)).toMatch(
          /^600001 of 1000001 records of links \(60\.00 %\)/,
        );
        expect(await explainMissingKeys(client, mapping, unseen, 0.7)).toBeUndefined();
      });
    } finally {
      await pools.query('drop table source.large');
    }
  });
});
