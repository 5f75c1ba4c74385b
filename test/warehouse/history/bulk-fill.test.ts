import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { cleanTable } from '../../../src/warehouse/clean/clean-table.js';
import { pseudonym } from '../../../src/warehouse/extract/pii-hash.js';
import { currentMapping } from '../../../src/warehouse/mapping/mapping-ledger.js';
import { readCatalog } from '../../../src/warehouse/tables/catalog.js';
import { lockTable } from '../../../src/warehouse/tables/table-lock.js';
import { sweepUnfinished } from '../../../src/warehouse/tables/work-tables.js';
import { useDatabase } from '../../database-fixture.js';
import { install, personalDataKey } from '../cleaning.js';
import { loadRecords } from '../source-rows.js';
import { emptyAll } from './history.js';

describe('the first load of ratings', () => {
  const database = useDatabase();
  const pool = () => database.pools.pipeline;
  const raters = Array.from({ length: 40 }, (_, number) => String(number + 1));
  const rating = (userId: string | null, movieId: string, stars = '4.0') => ({
    userId,
    movieId,
    rating: stars,
    timestamp: '1249006253',
  });

  const cleanRatings = async (fileId: number) =>
    cleanTable(pool(), {
      table: 'movie_ratings',
      fileIds: [fileId],
      mapping: (await currentMapping(pool()))!,
      personalDataKey,
    });
  const rows = async (sql: string) => (await pool().query(sql)).rows;
  const relations = () =>
    rows(`
      select n.nspname || '.' || relname as name from pg_class c join pg_namespace n on n.oid = relnamespace
      where n.nspname in ('source', 'warehouse') and relname ~ '(_new_|^hashes_of_)' order by 1`);

  beforeAll(() => install(pool()));
  beforeEach(() => emptyAll(pool()));

  it('distributes them by the raters’ hashes, with the constant columns in each row', async () => {
    const file = await loadRecords(
      pool(),
      'ratings',
      '2017-08',
      raters.flatMap((rater) => [rating(rater, '1'), rating(rater, '2', '0.5')]),
    );
    expect(await cleanRatings(file)).toMatchObject({ entries: 80, inserted: 80, rejected: 0, issues: 0 });
    const hashes = raters.map((rater) => BigInt(pseudonym(personalDataKey, rater).bigint));
    const low = hashes.filter((hash) => hash < 2n ** 62n).length;
    expect(low).toBeGreaterThan(5);
    expect(
      await rows(`
        select tableoid::regclass::text as part, count(*)::int, count(distinct created_date)::int as moments,
               bool_and(created_date <= now() and not deleted and deleted_date is null and valid_to is null
                        and valid_from = '2017-08-01' and file_id = ${file}) as complete
        from warehouse.movie_ratings group by 1 order by 1`),
    ).toEqual([
      { part: 'warehouse.movie_ratings_live_1', count: 2 * low, moments: 1, complete: true },
      { part: 'warehouse.movie_ratings_live_2', count: 2 * (40 - low), moments: 1, complete: true },
    ]);
    expect(await relations()).toEqual([]);
  });

  it.each([
    ['a rater', rating(null, '1'), { rejected: 1, inserted: 40 }],
    ['a film', rating('1', ''), { rejected: 1, inserted: 40 }],
    ['a film that is a number', rating('1', 'none'), { rejected: 1, inserted: 40 }],
    ['a rating that is a number', rating('1', '2', 'good'), { issues: 1, inserted: 41 }],
    ['another key than a rating before', rating('1', '1', '1.0'), { unchanged: 1, inserted: 40 }],
  ])('treats a record without %s like a later load', async (_what, record, counts) => {
    const file = await loadRecords(pool(), 'ratings', '2017-08', [
      ...raters.map((rater) => rating(rater, '1')),
      record,
    ]);
    expect(await cleanRatings(file)).toMatchObject({ entries: 41, ...counts });
    const hash = pseudonym(personalDataKey, '1').bigint;
    const last = record.movieId === '1' && record.userId === '1' ? '1.0' : '4.0';
    expect(
      await rows(`select rating from warehouse.movie_ratings where rater_id = ${hash} and movielens_id = 1`),
    ).toEqual([{ rating: last }]);
    expect(await relations()).toEqual([]);
  });

  const leaveUnfinished = () =>
    pool().query(`
      create table warehouse.movie_ratings_live_1_new_0123abcd as select 1 as a;
      create unlogged table source.hashes_of_warehouse_movie_ratings_0123abcd as select '1' as value`);

  it('succeeds despite the work tables of a killed worker', async () => {
    await leaveUnfinished();
    const file = await loadRecords(pool(), 'ratings', '2017-08', [rating('1', '1')]);
    expect(await cleanRatings(file)).toMatchObject({ inserted: 1 });
    expect(await relations()).toEqual([]);
  });

  it('leaves work tables only until the hourly upkeep, which skips tables that are being cleaned', async () => {
    await leaveUnfinished();
    expect([...(await readCatalog(pool())).targets.keys()].filter((name) => /_new_/.test(name))).toEqual([]);
    const client = await pool().connect();
    await client.query('begin');
    await lockTable(client, (await currentMapping(pool()))!.tables.get('movie_ratings')!);
    expect(await sweepUnfinished(pool())).toEqual([]);
    await client.query('rollback');
    client.release();
    expect((await sweepUnfinished(pool())).sort()).toEqual([
      'hashes_of_warehouse_movie_ratings_0123abcd',
      'movie_ratings_live_1_new_0123abcd',
    ]);
    expect(await relations()).toEqual([]);
  });

  describe('that takes long', () => {
    beforeAll(() =>
      withSuperuser(async (client) => {
        await client.query(`
          create function public.wait_a_little() returns event_trigger language plpgsql as $$
          begin
            if current_query() like '%warehouse.fill_live%' then perform pg_sleep(2); end if;
          end $$;
          create event trigger wait_a_little on ddl_command_start execute function public.wait_a_little()`);
      }),
    );
    afterAll(() =>
      withSuperuser(async (client) => {
        await client.query('drop event trigger wait_a_little');
      }),
    );
    const slowly = async () =>
      cleanTable(pool(), {
        table: 'movie_ratings',
        fileIds: [
          await loadRecords(
            pool(),
            'ratings',
            '2017-08',
            raters.map((rater) => rating(rater, '1')),
          ),
        ],
        mapping: (await currentMapping(pool()))!,
        personalDataKey,
        idleMs: 800,
      });
    const filling = () =>
      rows(
        "select pid from pg_stat_activity where datname = current_database() and state = 'active' and query like '%warehouse.fill_live%' and pid <> pg_backend_pid()",
      );

    it('sends a heartbeat while other connections fill the table, so that it does not count as frozen', async () => {
      expect(await slowly()).toMatchObject({ inserted: 40 });
    });

    it('stops filling when the connection with the table lock is lost', async () => {
      const cleaned = slowly().catch((error: unknown) => error);
      await vi.waitUntil(async () => (await filling()).length === 2, { timeout: 10_000, interval: 20 });
      await pool().query(`
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and state = 'idle in transaction' and query like '%warehouse.%'`);
      await vi.waitUntil(async () => (await filling()).length === 0, { timeout: 1500, interval: 20 });
      expect(await cleaned).toBeInstanceOf(Error);
      expect(await rows('select count(*)::int from warehouse.movie_ratings')).toEqual([{ count: 0 }]);
    });
  });

  /** Does work in this database as one who may watch all statements. */
  async function withSuperuser(work: (client: pg.Client) => Promise<void>): Promise<void> {
    const url = new URL(inject('superuserUrl'));
    url.pathname = `/${database.name}`;
    const client = new pg.Client({ connectionString: url.href });
    await client.connect();
    await work(client);
    await client.end();
  }
});
