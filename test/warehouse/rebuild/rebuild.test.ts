import fc from 'fast-check';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { inTransaction } from '../../../src/database/transaction.js';
import { restoreRows } from '../../../src/warehouse/corrections/retirement.js';
import { currentMapping } from '../../../src/warehouse/mapping/mapping-ledger.js';
import { useDatabase } from '../../database-fixture.js';
import { propertyRuns } from '../../property-runs.js';
import { clean, install, personalDataKey } from '../cleaning.js';
import { emptyAll, historyOf } from '../history/history.js';
import { loadStandard, restoreAll, retireFirst } from '../operations.js';
import { filmMapping, filmTables, monthsInOrder } from '../random-films.js';
import { loadRecords } from '../source-rows.js';
import { swapIn, verify } from './rebuilding.js';

describe('a warehouse rebuilt from source', () => {
  const database = useDatabase();
  const pool = () => database.pools.pipeline;
  const change = { actor: 'test', reason: 'a test' };

  beforeAll(() =>
    install(
      pool(),
      filmMapping.map((row) => ({ ...row, retire_missing: row.end_table === 'movie_genres' })),
    ),
  );
  beforeEach(() => emptyAll(pool()));

  /** Rows of any table retired after a month, and taken back after the same or another one, or never. */
  const corrections = fc.array(
    fc.record({
      table: fc.constantFrom(...filmTables),
      after: fc.nat(3),
      restored: fc.option(fc.nat(3)),
    }),
    { minLength: 1, maxLength: 4 },
  );

  it('equals the one that was filled month by month, in any order, with retirements', {
    timeout: 300_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(monthsInOrder(), corrections, async ([drops, order], corrected) => {
        await emptyAll(pool());
        await loadStandard(pool(), ['US']);
        for (const [place, index] of order.entries()) {
          await clean(pool(), [
            await loadRecords(pool(), 'movies_metadata', `2017-0${index + 1}`, drops[index]!),
          ]);
          for (const { table, after, restored } of corrected) {
            if (after === place) await retireFirst(pool(), table);
            if (restored === place) await restoreAll(pool(), table);
          }
        }
        expect(await verify(pool())).toEqual([]);
      }),
      { numRuns: propertyRuns(20) },
    );
  });

  const month = async (period: string, title: string) =>
    clean(pool(), [
      await loadRecords(pool(), 'movies_metadata', period, [
        { id: '1', title, genres: "[{'id': 18, 'name': 'Drama'}]", production_countries: '[]' },
      ]),
    ]);

  it.each([
    ['a changed value', "update warehouse.movies set title = 'C' where not deleted", 'both', ['title']],
    [
      'a live row that was closed',
      'update warehouse.movies set deleted = true where not deleted',
      'live',
      [],
    ],
    ['a moved beginning', "update warehouse.movies set valid_from = '2017-01-01' where deleted", 'live', []],
    ['a missing row', 'delete from warehouse.movies where deleted', 'rebuilt', []],
  ])('does not agree with %s', async (_what, tampering, side, fields) => {
    await month('2017-08', 'A');
    await month('2017-09', 'B');
    expect(await verify(pool())).toEqual([]);
    await pool().query(tampering);
    const [differing] = await verify(pool());
    expect(differing).toMatchObject({ table: 'movies' });
    const found = differing!.shown.find((row) => row.side === side)!;
    expect(found.key).toEqual({ movie_id: 1 });
    expect(found.fields.map(({ field }) => field)).toEqual(fields);
  });

  it('replaces the live one with all its ledgers', async () => {
    await month('2017-08', 'A');
    await month('2017-09', 'B');
    const shape = async () =>
      (
        await pool().query(`
          select c.relname, pg_get_indexdef(c.oid) as definition, pg_get_expr(d.adbin, d.adrelid) as number
          from pg_class c join pg_namespace n on n.oid = c.relnamespace
          left join pg_attrdef d on d.adrelid = c.oid and d.adnum = 1
          where n.nspname = 'warehouse' and c.relkind in ('r', 'p', 'i', 'I', 'S') order by 1`)
      ).rows;
    const before = { shape: await shape(), movies: await historyOf(pool(), 'movies') };
    const issues = await pool().query('select count(*) from support.issue');
    await pool().query("update warehouse.movies set title = 'C' where not deleted");
    await swapIn(pool());
    expect(await shape()).toEqual(before.shape);
    expect(await historyOf(pool(), 'movies')).toEqual(before.movies);
    expect((await pool().query('select count(*) from support.issue')).rows).toEqual(issues.rows);
    await month('2017-10', 'D');
    expect(await verify(pool())).toEqual([]);
    const { rows } = await pool().query(
      'select count(*)::int as ids, count(distinct id)::int as different from warehouse.movies',
    );
    expect(rows[0].ids).toBe(rows[0].different);
  });

  it('reads all files under the current mapping when requested', async () => {
    await month('2017-08', 'A');
    await install(
      pool(),
      filmMapping.map((row) =>
        row.end_field === 'title' ? { ...row, source_field: 'original_title' } : row,
      ),
    );
    expect(await verify(pool())).toEqual([]);
    const differing = await verify(pool(), 'current');
    expect(differing.map((table) => [table.table, table.shown[0]!.fields])).toEqual([
      ['movies', [{ field: 'title', live: 'A', rebuilt: null }]],
    ]);
    await install(pool(), filmMapping);
  });

  it('replaces the rejects with its own when it is swapped in, not earlier', async () => {
    const rejects = async () =>
      (await pool().query('select id, record_number, detail from source.reject order by 2')).rows;
    const file = await loadRecords(pool(), 'movies_metadata', '2017-08', [
      { id: 'x', vote_count: '7' },
      { id: '2', vote_count: 'y' },
      { id: '', vote_count: '' },
    ]);
    await clean(pool(), [file]);
    const before = await rejects();
    expect(before.map((reject) => reject.record_number)).toEqual([1, 3]);
    await install(
      pool(),
      filmMapping.map((row) => (row.source_field === 'id' ? { ...row, source_field: 'vote_count' } : row)),
    );
    expect(await verify(pool(), 'current')).not.toEqual([]);
    expect(await rejects()).toEqual(before);
    await swapIn(pool());
    expect(await rejects()).toEqual(before);
    await swapIn(pool(), 'current');
    expect(await rejects()).toMatchObject([
      { record_number: 2, detail: 'The record\'s vote_count is "y", expected a value of type integer.' },
      { record_number: 3, detail: 'The record has no vote_count, which identifies it.' },
    ]);
    await install(pool(), filmMapping);
  });

  it('has a restored row as if it had never been retired', async () => {
    await month('2017-08', 'A');
    const untouched = await Promise.all(filmTables.map((table) => historyOf(pool(), table)));
    const mapping = (await currentMapping(pool()))!;
    await retireFirst(pool(), 'genres');
    expect(await historyOf(pool(), 'genres')).not.toEqual(untouched[1]);
    await inTransaction(pool(), (client) =>
      restoreRows(pool(), client, mapping, personalDataKey, {
        table: 'genres',
        keys: [{ id: '18' }],
        ...change,
      }),
    );
    expect(await Promise.all(filmTables.map((table) => historyOf(pool(), table)))).toEqual(untouched);
    expect(await verify(pool())).toEqual([]);
  });
});
