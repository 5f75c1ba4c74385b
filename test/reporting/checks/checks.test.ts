import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { undoing } from '../../../src/database/savepoint.js';
import { inTransaction } from '../../../src/database/transaction.js';
import { reports } from '../../../src/dataset/reports/reports.js';
import { checkReports, refusal } from '../../../src/reporting/checks/check.js';
import { checksOf } from '../../../src/reporting/checks/offenders.js';
import { useDatabase } from '../../database-fixture.js';
import { filmWorld } from '../film-world.js';
import { buildAll, checkAll } from '../publish-reports.js';
import { fillWarehouse } from '../warehouse-rows.js';

/** Each check with a way to break a build, or the warehouse behind it, so that the check must speak. */
const faults: [check: string, statement: string][] = [
  ['keys_are_unique', 'insert into support.build_genre_report select * from support.build_genre_report'],
  ['keys_and_required_values_are_there', 'update support.build_genre_report set year = null'],
  ['numbers_are_finite', `update support.build_movie_score_report set budget = 'NaN'`],
  [
    'no_more_rows_are_lost_than_allowed',
    `insert into reporting.genre_report
       (year, genre_id, release_count, budget_movie_count, revenue_movie_count, profit_movie_count, popularity_rank)
     select 1900, number, 1, 1, 1, 1, 1 from generate_series(1, 20) as number`,
  ],
  [
    'company_years_reconcile_with_company_movies',
    'update support.build_production_company_report set budget = budget + 1',
  ],
  [
    'company_years_reconcile_with_company_movies',
    'update support.build_production_company_report set revenue_share = revenue_share + 0.05',
  ],
  ['company_years_reconcile_with_company_movies', 'delete from support.build_production_company_report'],
  [
    'company_genre_years_reconcile_with_the_movies_of_both',
    'update support.build_production_company_genre_report set release_count = release_count + 1',
  ],
  ['genre_years_reconcile_with_genre_movies', 'update support.build_genre_report set profit = profit - 1'],
  [
    'genres_of_a_year_are_ranked_from_1_without_gaps',
    'update support.build_genre_report set popularity_rank = 2',
  ],
  ...['1', 'null'].map((popularity): [string, string] => [
    'genres_of_a_year_are_ranked_by_popularity',
    `with less_popular as (update support.build_genre_report set average_popularity = ${popularity})
     insert into support.build_genre_report
       (year, genre_id, release_count, budget_movie_count, revenue_movie_count, profit_movie_count, average_popularity, popularity_rank)
     select year, 99, 1, 0, 0, 0, 2, 2 from support.build_genre_report`,
  ]),
  ['genre_movies_are_counted_as_in_the_warehouse', 'update warehouse.movie_genres set deleted = true'],
  [
    'company_movies_are_counted_as_in_the_warehouse',
    'delete from support.build_production_company_movies_report where production_company_id = 3',
  ],
  [
    'shares_of_a_movie_sum_to_the_whole',
    'update support.build_production_company_movies_report set budget_share = 34',
  ],
  ['scored_movies_are_the_movies_of_the_warehouse', 'delete from support.build_movie_score_report'],
  ['rated_movies_have_a_link', 'update warehouse.movie_links set deleted = true'],
  ['votes_and_scores_lie_between_0_and_10', 'update support.build_movie_score_report set movie_score = 11'],
  [
    'companies_have_a_name',
    'update support.build_production_company_report set production_company_name = null',
  ],
  ['genres_have_a_name', 'update support.build_genre_report set genre_name = null'],
  [
    'few_known_keys_change_their_name',
    `insert into support.file_transform (file_id, table_name, mapping_version, known_count, renamed_count)
     select f.id, 'movies', (select max(number) from support.mapping_version), 12, 12 from source.file f limit 1
     on conflict (file_id, table_name) do update set known_count = 12, renamed_count = 12`,
  ],
  ['no_status_is_released_but_for_its_spelling', "update warehouse.movies set status = 'released'"],
  ['no_status_is_released_but_for_its_spelling', "update warehouse.movies set status = ' Released '"],
  ['no_status_is_released_but_for_its_spelling', "update warehouse.movies set status = ' '"],
];

describe('the checks', () => {
  const database = useDatabase();
  let asOfDay: string;

  beforeAll(async () => {
    await fillWarehouse(
      database.pools.pipeline,
      filmWorld({ budget: 100, revenue: 250, companies: [3, 4, 5], ratings: [4] }),
    );
    asOfDay = await buildAll(database.pools.pipeline);
  });

  /** What the checks find after statements that are undone again. */
  const outcomesAfter = (statements: readonly string[], lossAcceptedBy?: string) =>
    inTransaction(database.pools.pipeline, (client) =>
      undoing(client, async () => {
        for (const statement of statements) await client.query(statement);
        return checkReports(client, reports, { asOfDay, runId: null, lossAcceptedBy });
      }),
    );

  it('find no offenders in what was just built', async () => {
    const outcomes = await checkAll(database.pools.pipeline, asOfDay);
    expect(outcomes.filter((outcome) => outcome.offenderCount > 0)).toEqual([]);
  });

  it.each(faults)('name offenders of %s after: %s', async (name, statement) => {
    const outcomes = await outcomesAfter([statement]);
    const found = outcomes.filter((outcome) => outcome.offenderCount > 0);
    expect(found.map((outcome) => outcome.name)).toContain(name);
    expect(found.every((outcome) => outcome.offenders.length > 0)).toBe(true);
  });

  it('are passed with leave where rows are lost, and nowhere else', async () => {
    const statements = faults.slice(2, 4).map(([, statement]) => statement);
    const outcomes = await outcomesAfter(statements, 'ann');
    expect(outcomes.filter(({ acceptedBy }) => acceptedBy === 'ann')).toEqual([
      expect.objectContaining({ report: 'genre_report', name: 'no_more_rows_are_lost_than_allowed' }),
    ]);
    expect(refusal(outcomes, 'a-run', 'Accept it.')?.message).toMatch(
      /: movie_score_report numbers_are_finite \(1\)\. The current reports stay live\. To list the offenders, run marquee checks a-run\.$/,
    );
  });

  it('keep all offenders of what they refuse with the run', async () => {
    const { pipeline } = database.pools;
    const runId = randomUUID();
    const found = await inTransaction(pipeline, (client) =>
      undoing(client, async () => {
        await client.query(
          `insert into support.build_movie_score_report
           select (jsonb_populate_record(built, jsonb_build_object('movie_id', number, 'budget', 'NaN'))).*
           from support.build_movie_score_report as built cross join generate_series(2, 51) as number`,
        );
        await checkReports(client, reports, { asOfDay, runId });
        return checksOf(client, runId);
      }),
    );
    expect(found.checked).toBeGreaterThan(30);
    const { offenders, ...check } = found.failed.find(({ check }) => check === 'numbers_are_finite')!;
    expect(check).toEqual({
      report: 'movie_score_report',
      check: 'numbers_are_finite',
      severity: 'blocking',
      count: 50,
      acceptedBy: null,
    });
    expect(offenders).toHaveLength(50);
    expect(await checksOf(pipeline, runId)).toEqual({ checked: 0, failed: [] });
  });

  it('are each proven able to fail', async () => {
    const outcomes = await checkAll(database.pools.pipeline, asOfDay);
    const names = new Set(outcomes.map((outcome) => outcome.name));
    expect([...names].sort()).toEqual([...new Set(faults.map(([name]) => name))].sort());
  });
});
