import { beforeEach, describe, expect, it } from 'vitest';
import { inTransaction } from '../../../src/database/transaction.js';
import { reports } from '../../../src/dataset/reports/reports.js';
import { causeText } from '../../../src/reporting/explain/cause-text.js';
import { rollback } from '../../../src/reporting/publish/rollback.js';
import { useDatabase } from '../../database-fixture.js';
import { emptyDatabase } from '../empty-database.js';
import { filmWorld } from '../film-world.js';
import { publishReports } from '../publish-reports.js';
import { fillWarehouse } from '../warehouse-rows.js';

interface Told {
  kind: string;
  [more: string]: unknown;
}

describe('what was retired by hand, as a cause', () => {
  const database = useDatabase();
  const pool = () => database.pools.pipeline;

  beforeEach(async () => {
    await emptyDatabase(database.pools.owner);
    await fillWarehouse(
      pool(),
      filmWorld(
        { title: 'Toy Story', budget: 30, companies: [3, 4], genres: [16, 18], ratings: [4, 5, 3] },
        { title: 'Up', budget: 100, companies: [3, 4, 5], genres: [16, 35] },
        ...Array.from({ length: 4 }, () => ({ budget: 1, genres: [99] })),
      ),
    );
    await publishReports(pool());
  });

  async function causes(publication: number, report: string, key: object, column: string | null) {
    const { rows } = await database.pools.reader.query<{ cause: Told[] }>(
      `select cause from reporting.report_change
       where publication = $1 and report = $2 and row_key @> $3 and column_name is not distinct from $4`,
      [publication, report, JSON.stringify(key), column],
    );
    expect(rows).toHaveLength(1);
    return rows[0]!.cause;
  }

  /** How often retirements are told of by a publication, by report. */
  async function told(publication: number): Promise<Record<string, number>> {
    const { rows } = await database.pools.reader.query<{ report: string; count: number }>(
      `select report, count(*)::integer as count from reporting.report_change
       where publication = $1 and cause::text ~ 'by_hand|ann' group by report`,
      [publication],
    );
    return Object.fromEntries(rows.map(({ report, count }) => [report, count]));
  }

  async function retire(table: string, key: Record<string, number>, reason = 'wrong'): Promise<void> {
    const condition = Object.entries(key).map(([name, value]) => `${name} = ${value}`);
    await pool().query(
      `update warehouse.${table} set deleted = true, deleted_date = now() where ${condition.join(' and ')}`,
    );
    const text = Object.fromEntries(Object.entries(key).map(([name, value]) => [name, String(value)]));
    await pool().query(
      `insert into support.retirement (table_name, row_key, reason, actor) values ($1, $2, $3, 'ann')`,
      [table, JSON.stringify(text), reason],
    );
  }

  const changeBudget = (budget: number) =>
    pool().query('update warehouse.movies set budget = $1 where movie_id = 1', [budget]);

  it('is none where no report shows it, neither then nor later', async () => {
    await retire('keywords', { id: 7 });
    await retire('crew_member', { id: 8 });
    await retire('movie_keywords', { movie_id: 1, keyword_id: 7 });
    expect(await publishReports(pool())).toMatchObject({ published: false });
    await changeBudget(31);
    await publishReports(pool());
    expect(await told(2)).toEqual({});
    await retire('crew_member', { id: 9 });
    await changeBudget(32);
    await publishReports(pool());
    expect(await told(3)).toEqual({});
  });

  it('is told of the rows it took alone, and of what they are computed with', async () => {
    await retire('genres', { id: 35 }, 'no such thing');
    await changeBudget(31);
    await publishReports(pool());
    const [cause, ...others] = await causes(2, 'genre_report', { genre_id: 35 }, null);
    expect(others).toEqual([]);
    expect(cause).toMatchObject({
      kind: 'retired',
      movie_id: 2,
      table: 'genres',
      key: { id: '35' },
      by: 'ann',
      reason: 'no such thing',
      amounts: { budget: '-100' },
    });
    expect(causeText(cause!, 'film', 'movie_id')).toMatch(
      /^Up \(film 2\): genres with id 35 was retired manually; by ann: no such thing; movies_metadata.csv of 2017-08/,
    );
    expect(await told(2)).toEqual({
      genre_report: 1,
      movie_genre_report: 1,
      production_company_genre_report: 3,
    });
  });

  it('is a link retired by hand, and told with the others that share what it had', async () => {
    await retire('movie_production_companies', { movie_id: 2, production_company_id: 4 }, 'not theirs');
    await publishReports(pool());
    const company = (id: number) =>
      causes(2, 'production_company_report', { production_company_id: id }, 'budget_share');
    const hand = {
      table: 'movie_production_companies',
      key: { movie_id: '2', production_company_id: '4' },
      by: 'ann',
      reason: 'not theirs',
    };
    expect(await company(4)).toMatchObject([{ kind: 'retired link', ...hand, movie_id: 2, record: 1 }]);
    expect(await company(3)).toMatchObject([{ kind: 'related', byHand: [{ kind: 'retired', ...hand }] }]);
  });

  it('is the ratings that were retired, of the film that they were of', async () => {
    await retire('movie_ratings', { rater_id: 0, movielens_id: 1001 }, 'spam');
    await retire('movie_ratings', { rater_id: 2, movielens_id: 1001 }, 'spam');
    await publishReports(pool());
    const [cause] = await causes(2, 'movie_score_report', { movie_id: 1 }, 'calculated_vote_count');
    expect(cause).toMatchObject({
      kind: 'related',
      movie_id: 1,
      byHand: [{ key: { rater_id: '0' } }, { key: { rater_id: '2' } }],
    });
    expect(causeText(cause!, 'film', 'movie_id')).toContain(
      'movie_ratings with rater_id 0, movielens_id 1001 was retired manually; by ann: spam',
    );
  });

  it('is a link to ratings once, however many versions it had', async () => {
    await pool().query(
      `insert into warehouse.movie_links (movielens_id, imdb_id, movie_id, file_id, valid_from, valid_to, deleted, deleted_date, created_date)
       select movielens_id, 'tt0000001', movie_id, file_id, valid_from, valid_from + 1, true, now(), created_date
       from warehouse.movie_links where movielens_id = 1001`,
    );
    await retire('movie_links', { movielens_id: 1001 }, 'not theirs');
    await publishReports(pool());
    const [cause] = await causes(2, 'movie_score_report', { movie_id: 1 }, 'calculated_vote_count');
    expect(cause!.byHand).toMatchObject([{ table: 'movie_links', key: { movielens_id: '1001' } }]);
  });

  it('is told again by the publication that reflects it again after a rollback, and by none after', async () => {
    await retire('movie_genres', { movie_id: 2, genre_id: 35 }, 'no comedy');
    await publishReports(pool());
    const row = [{ kind: 'retired link', by: 'ann', reason: 'no comedy', movie_id: 2 }];
    expect(await causes(2, 'genre_report', { genre_id: 35 }, null)).toMatchObject(row);
    await inTransaction(pool(), (client) => rollback(client, reports, { to: 1, runId: null }));
    await publishReports(pool(), reports, true, undefined, 'rebuild');
    expect(await causes(4, 'genre_report', { genre_id: 35 }, null)).toMatchObject(row);
    await changeBudget(33);
    await publishReports(pool());
    expect(await told(5)).toEqual({});
  });

  it('is restored where it is taken back, by whom', async () => {
    await retire('movie_genres', { movie_id: 2, genre_id: 35 }, 'no comedy');
    await publishReports(pool());
    await pool().query(
      `update warehouse.movie_genres set deleted = false, deleted_date = null where deleted`,
    );
    await pool().query(`update support.retirement set restored_date = now(), restored_by = 'bob'`);
    await publishReports(pool());
    const [cause, ...others] = await causes(3, 'genre_report', { genre_id: 35 }, null);
    expect(cause).toMatchObject({ kind: 'restored link', by: 'bob', movie_id: 2, table: 'movie_genres' });
    expect(others).toEqual([]);
    expect(causeText(cause!, 'film', 'movie_id')).toContain(
      'was restored manually; by bob; retired for: no comedy;',
    );
  });
});
