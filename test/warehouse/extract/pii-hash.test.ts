import { describe, expect, it } from 'vitest';
import { initialMapping } from '../../../src/dataset/mapping.js';
import { pseudonym } from '../../../src/warehouse/extract/pii-hash.js';
import { useDatabase } from '../../database-fixture.js';
import { clean, install, personalDataKey } from '../cleaning.js';
import { emptyAll } from '../history/history.js';
import { loadRecords } from '../source-rows.js';

/** A number no other column can hold by chance. */
const rater = '7301998877665544';

describe('the number of a rater', () => {
  it('becomes the first bits of an HMAC-SHA-256, the same each time', () => {
    // RFC 4231, test case 2: 5bdcc146bf60754e6a042426089575c7…
    expect(pseudonym('Jefe', 'what do ya want for nothing?')).toEqual({
      uuid: '5bdcc146-bf60-754e-6a04-2426089575c7',
      bigint: String(0x5bdcc146bf60754en),
    });
    // Test case 1: b0344c61d8db3853…, of which a bigint leaves out the sign.
    expect(pseudonym(Buffer.alloc(20, 0x0b), 'Hi There').bigint).toBe(String(0x30344c61d8db3853n));
  });

  describe('in the database', () => {
    const database = useDatabase();

    it('is not in the server’s log, which contains the row of an error', async () => {
      const { rows } = await database.pools.pipeline.query('show log_error_verbosity');
      expect(rows).toEqual([{ log_error_verbosity: 'terse' }]);
    });

    it('stays in source: the warehouse, its issues and its ledgers contain only the hash', async () => {
      const pool = database.pools.pipeline;
      await install(
        pool,
        initialMapping.filter((row) => row.end_table === 'movie_ratings'),
      );
      const ratings = [
        { userId: rater, movieId: '1', rating: '4.0', timestamp: '1249006253' },
        { userId: ` ${rater}`, movieId: '2', rating: 'good', timestamp: 'soon' },
        { userId: rater, movieId: 'none', rating: '1', timestamp: '1' },
        { userId: '', movieId: '3', rating: '1', timestamp: '1' },
      ];
      const { movie_ratings } = await clean(pool, [
        await loadRecords(
          pool,
          'ratings',
          '2017-08',
          ratings.map((row) => ({ ...row, userId: row.userId || null })),
        ),
      ]);
      expect(movie_ratings).toMatchObject({ entries: 4, inserted: 2, rejected: 2, issues: 2 });
      const rows = await pool.query(
        'select movielens_id, rater_id, rating, rating_timestamp from warehouse.movie_ratings order by 1',
      );
      const hash = pseudonym(personalDataKey, rater).bigint;
      expect(rows.rows).toEqual([
        { movielens_id: 1, rater_id: hash, rating: '4.0', rating_timestamp: new Date(1249006253000) },
        { movielens_id: 2, rater_id: hash, rating: null, rating_timestamp: null },
      ]);
      const tables = await pool.query<{ name: string }>(`
        select format('%I.%I', schemaname, tablename) as name from pg_tables
        where schemaname in ('warehouse', 'support', 'reporting')`);
      for (const { name } of tables.rows) {
        const found = await pool.query(`select t from ${name} t where t::text ~ '${rater}'`);
        expect({ name, found: found.rows }).toEqual({ name, found: [] });
      }
      const details = await pool.query('select detail from source.reject order by record_number');
      expect(details.rows.map((row) => row.detail)).toEqual([
        'The record\'s movieId is "none", expected a value of type integer.',
        'The record has no userId, which identifies it.',
      ]);
    });

    it.each([
      ['in an empty table', '2017-09', 0],
      ['in a later month', '2017-10', 4],
    ])(
      'is one rater however it is written, and a reject when it is not a number, %s',
      async (_where, period, before) => {
        const pool = database.pools.pipeline;
        if (before === 0) await emptyAll(pool);
        const spellings = ['42', '42.0', '00042', '+42', 'forty-two', '4_2'];
        const file = await loadRecords(
          pool,
          'ratings',
          period,
          spellings.map((userId, index) => ({
            userId,
            movieId: `${before + index + 1}`,
            rating: '4',
            timestamp: '1',
          })),
        );
        const { movie_ratings } = await clean(pool, [file]);
        expect(movie_ratings).toMatchObject({ entries: 6, inserted: 4, rejected: 2, issues: 0 });
        const raters = await pool.query('select distinct rater_id from warehouse.movie_ratings');
        expect(raters.rows).toEqual([{ rater_id: pseudonym(personalDataKey, '42').bigint }]);
        const rejects = await pool.query('select detail from source.reject where file_id = $1', [file]);
        const detail = 'The record\'s userId is "***", expected a value of type bigint.';
        expect(rejects.rows).toEqual([{ detail }, { detail }]);
      },
    );
  });
});
