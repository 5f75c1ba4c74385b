import { beforeEach, describe, expect, it } from 'vitest';
import { expandFile } from '../../../src/warehouse/extract/entry-staging.js';
import { currentMapping } from '../../../src/warehouse/mapping/mapping-ledger.js';
import { useDatabase } from '../../database-fixture.js';
import { install } from '../cleaning.js';
import { emptyAll } from '../history/history.js';
import { loadRecords, type SourceRecord } from '../source-rows.js';

describe('the entries of nested columns', () => {
  const database = useDatabase();
  const pool = () => database.pools.pipeline;

  beforeEach(async () => {
    await emptyAll(pool());
    await install(pool());
  });

  async function expand(feed: string, records: SourceRecord[], acceptedBy?: string) {
    const fileId = await loadRecords(pool(), feed, '2017-08', records);
    const mapping = (await currentMapping(pool()))!;
    return expandFile(pool(), { mapping, fileId, limit: { share: 0.05, acceptedBy, runId: null } });
  }
  const films = (genres: (index: number) => string, count = 10): SourceRecord[] =>
    Array.from({ length: count }, (_, index) => ({ id: String(index + 1), genres: genres(index) }));

  it('hold the file when too many of their keys cannot be used', async () => {
    const byName = films((index) =>
      index < 4 ? "[{'id': 'Drama', 'name': 'Drama'}]" : "[{'id': 18, 'name': 'Drama'}]",
    );
    await expect(expand('movies_metadata', byName)).rejects.toMatchObject({
      code: 'load_held',
      message: expect.stringMatching(
        /^4 of 10 values of genres.id in .* \(40.00 %\) are not a valid integer, .* record 1 has "Drama", record 2 has "Drama",/,
      ),
    });
    const { rows } = await pool().query(
      `select from pg_class where relkind = 'r' and relname like 'entries\\_%'`,
    );
    expect(rows).toEqual([]);
  });

  it('hold the file when too many of them have no key', async () => {
    await expect(
      expand(
        'movies_metadata',
        films(() => "[{'name': 'Drama'}]"),
      ),
    ).rejects.toMatchObject({
      message: expect.stringMatching(/^10 of 10 values of genres.id in .*: record 1, record 2, record 3\./),
    });
  });

  it('hold the file when too many values of another field cannot be used', async () => {
    const cast = "[{'credit_id': 'c1', 'id': 5, 'cast_id': 1, 'order': 'first', 'name': 'A'}]";
    await expect(
      expand(
        'credits',
        Array.from({ length: 5 }, (_, id) => ({ id: String(id + 1), cast })),
      ),
    ).rejects.toMatchObject({
      message: expect.stringMatching(/^5 of 5 values of cast.order in .* record 1 has "first"/),
    });
  });

  it('are read when few cannot be used, and those of records without a key do not count', async () => {
    const few = films((index) => (index < 2 ? "[{'id': 'x'}]" : "[{'id': 18}]"));
    const unkeyed = films(() => "[{'id': 'x'}]", 20).map((film) => ({ ...film, id: '1997-08-20' }));
    expect((await expand('movies_metadata', [...few, ...unkeyed])).entries).toMatchObject({ genres: 30 });
  });

  it('are accepted like any other column', async () => {
    await expand(
      'movies_metadata',
      films(() => "[{'name': 'Drama'}]"),
      'ann',
    );
    const { rows } = await pool().query('select column_name, unusable_count from support.value_acceptance');
    expect(rows).toEqual([{ column_name: 'genres.id', unusable_count: 10 }]);
  });
});
