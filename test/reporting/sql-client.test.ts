import { beforeAll, describe, expect, it } from 'vitest';
import { useDatabase } from '../database-fixture.js';
import { reportOf } from './report-of.js';

describe('a plain SQL client logged in as the reader', () => {
  const database = useDatabase();

  beforeAll(() => reportOf(database, 'genre_report', { budget: 30, genres: [16, 18], companies: [3, 4] }));

  it('reads every table of the schema by its bare name', async () => {
    const { rows } = await database.pools.reader.query<{ name: string }>(
      `select table_name as name from information_schema.tables where table_schema = 'reporting' order by 1`,
    );
    expect(rows).toHaveLength(10);
    for (const { name } of rows) {
      const { rowCount } = await database.pools.reader.query(`select * from "${name}" limit 1`);
      expect([name, rowCount]).toEqual([name, 1]);
    }
  });

  it('sees no other schema and no table of one', async () => {
    const { rows } = await database.pools.reader.query(
      `select distinct table_schema from information_schema.tables
       where table_schema not in ('pg_catalog', 'information_schema')`,
    );
    expect(rows).toEqual([{ table_schema: 'reporting' }]);
  });

  it.each([
    'insert into report_catalog (report) values ($$x$$)',
    'update genre_report set budget = 0',
    'truncate genre_report',
    'drop table genre_report',
    'create table reporting.mine ()',
    'create view reporting.mine as select 1',
    'set transaction read write; delete from publication',
    'select * from support.contribution_genre_report',
    'copy genre_report to program $$cat$$',
    'select pg_read_file($$postgresql.conf$$)',
  ])('is refused: %s', async (statement) => {
    await expect(database.pools.reader.query(statement)).rejects.toThrow(
      /permission denied|read-only|must be owner|could not open|pg_execute_server_program/,
    );
  });

  it.each([
    ['the most popular genre of a year', 'genre_report where year = 1995 order by popularity_rank limit 1'],
    ['the companies of a year', 'production_company_report where year = 1995 order by production_company_id'],
    ['the films of a company', 'production_company_movies_report where production_company_id = 3'],
    ['the companies of a film', 'production_company_movies_report where movie_id = 1'],
    ['the best films', 'movie_score_report order by movie_score desc nulls first limit 10'],
  ])('finds %s by an index', async (_question, from) => {
    const client = await database.pools.reader.connect();
    try {
      // The tables of a test are too small for an index to pay.
      await client.query('begin; set local enable_seqscan = off; set local enable_sort = off');
      const { rows } = await client.query(`explain select * from ${from}`);
      expect(JSON.stringify(rows)).toMatch(/Index (Only )?Scan|Bitmap Index Scan/);
    } finally {
      await client.query('rollback');
      client.release();
    }
  });
});
