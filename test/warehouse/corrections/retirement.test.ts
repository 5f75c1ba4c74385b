import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { inTransaction } from '../../../src/database/transaction.js';
import { parseRowKey, restoreRows, retireRows } from '../../../src/warehouse/corrections/retirement.js';
import { currentMapping } from '../../../src/warehouse/mapping/mapping-ledger.js';
import { useDatabase } from '../../database-fixture.js';
import { clean, install, personalDataKey } from '../cleaning.js';
import { emptyAll, historyOf } from '../history/history.js';
import { verify } from '../rebuild/rebuilding.js';
import { loadRecords } from '../source-rows.js';

describe('a link retired manually', () => {
  const database = useDatabase();
  const pool = () => database.pools.pipeline;
  const why = { actor: 'someone', reason: 'it is wrong' };
  const link = { movie_id: '1', genre_id: '18' };
  const request = { table: 'movie_genres', keys: [link], ...why };
  const month = async (period: string) =>
    clean(pool(), [
      await loadRecords(pool(), 'movies_metadata', period, [
        { id: '1', title: 'A', genres: "[{'id': 18, 'name': 'Drama'}]" },
      ]),
    ]);
  const links = async () =>
    (await historyOf(pool(), 'movie_genres'))
      .filter((row) => row.record_number !== null)
      .map((row) => `${row.valid_from}..${row.valid_to ?? ''}${row.deleted ? '' : ' live'}`)
      .sort();
  const retire = async (keys: (typeof request)['keys'] = [link]) => {
    const mapping = (await currentMapping(pool()))!;
    return inTransaction(pool(), (client) => retireRows(client, mapping, { ...request, keys }));
  };
  const restore = async () => {
    const mapping = (await currentMapping(pool()))!;
    return inTransaction(pool(), (client) => restoreRows(pool(), client, mapping, personalDataKey, request));
  };

  beforeAll(() => install(pool()));
  beforeEach(async () => {
    await emptyAll(pool());
    await month('2017-08');
  });

  it('is closed, not deleted, and who, why and when is recorded', async () => {
    expect(await retire()).toEqual({ retired: 1, period: '2017-08' });
    expect(await links()).toEqual(['2017-08-01..2017-08-01']);
    const { rows } = await pool().query(
      'select table_name, row_key, period, reason, actor, restored_date from support.retirement',
    );
    expect(rows).toEqual([
      {
        table_name: 'movie_genres',
        row_key: link,
        period: '2017-08',
        reason: 'it is wrong',
        actor: 'someone',
        restored_date: null,
      },
    ]);
    const audit = await pool().query(
      "select actor, action, arguments ->> 'reason' as reason from support.audit_event where action like 'warehouse.%' order by id desc limit 1",
    );
    expect(audit.rows).toEqual([{ actor: 'someone', action: 'warehouse.retire', reason: 'it is wrong' }]);
  });

  it('opens a new version when a later month lists it, but not when a late month does', async () => {
    await retire();
    await month('2017-07');
    expect(await links()).toEqual(['2017-07-01..2017-08-01']);
    await month('2017-09');
    expect(await links()).toEqual(['2017-07-01..2017-08-01', '2017-09-01.. live']);
    expect(await verify(pool())).toEqual([]);
  });

  it('is live again as before when it is restored, whatever files came in the meantime', async () => {
    await retire();
    await month('2017-09');
    expect(await restore()).toEqual({ restored: 1 });
    expect(await links()).toEqual(['2017-08-01.. live']);
    expect(await verify(pool())).toEqual([]);
    await expect(restore()).rejects.toMatchObject({ code: 'key_not_retired' });
  });

  it('retires all keys or none', async () => {
    await expect(retire([link, { movie_id: '1', genre_id: '99' }])).rejects.toMatchObject({
      code: 'key_not_live',
    });
    expect(await links()).toEqual(['2017-08-01.. live']);
    for (const genre_id of ['18\0', '18\ud800']) {
      await expect(retire([{ movie_id: '1', genre_id }])).rejects.toMatchObject({ code: 'key_not_readable' });
    }
    await expect(retire([{ movie_id: '1', genre_id: "18' or true --" }])).rejects.toMatchObject({
      code: 'key_not_readable',
    });
  });

  it('is counted once when its key is given twice', async () => {
    expect(await retire([link, { ...link, genre_id: '018' }])).toMatchObject({ retired: 1 });
  });

  it('is identified by its key fields, in order or by name', async () => {
    const mapping = (await currentMapping(pool()))!;
    expect(parseRowKey(mapping, 'movie_genres', '1, 18')).toEqual(link);
    expect(parseRowKey(mapping, 'movie_genres', 'genre_id=18,movie_id=1')).toEqual(link);
    for (const text of ['1', '1,18,2', 'movie_id=1', 'movie_id=1,movie_id=2', ',18']) {
      expect(() => parseRowKey(mapping, 'movie_genres', text)).toThrow(/is not a valid key for movie_genres/);
    }
    expect(() => parseRowKey(mapping, 'nothing', '1')).toThrow(/fills no table nothing/);
  });
});
