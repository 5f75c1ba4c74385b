import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { migrate } from '../../src/database/migrations/migrate.js';
import { applyMigrations } from '../../src/database/migrations/schema-engine.js';
import { readMigrations } from '../../src/database/migrations/schema-files.js';
import { readSquashedHistory } from '../../src/database/migrations/squashed-history.js';
import { asSuperuser } from '../database-fixture.js';
import { emptyDatabase, formerMigrations } from './former-version.js';

// A database that was filled between the migrations of version 0.1.0, and is upgraded after the last of them.
const name = `test_upgrade_${randomBytes(6).toString('hex')}`;
const hash = '5bdcc146-bf60-754e-6a04-2426089575c7';
const negative = 'b0344c61-d8db-3853-5ca8-afceaf0bf12b';
// The hashes of the mapping that version 0.1.0 brought, before and after its rater ids became narrower.
const initialMappingBefore = 'df70b9e8506fe5b93f35a29f4a005730b9cb74c036c608f65be6863795606ee4';
const initialMappingAfter = '22367bd5f4e84afb0fc72ccff393a5643ab54a0a90cb85927efc4842e2df0444';
let owner: pg.Client;
let ownerUrl: string;
const rows = async (sql: string) => (await owner.query(sql)).rows;

/** Applies the migrations of version 0.1.0 up to this one. */
async function migrateTo(last: string): Promise<void> {
  await applyMigrations(ownerUrl, await formerMigrations((path) => path <= last));
}

beforeAll(async () => {
  await asSuperuser((client) => emptyDatabase(client, name));
  const url = new URL(inject('urls').owner);
  url.pathname = `/${name}`;
  ownerUrl = url.href;
  owner = new pg.Client({ connectionString: ownerUrl });
  await owner.connect();
});
afterAll(async () => {
  await owner.end();
  await asSuperuser((client) => client.query(`drop database ${name} with (force)`));
});

const ratings = () =>
  rows(`select tableoid::regclass::text as part, rater_id, movielens_id, rating, record_number, deleted
        from warehouse.movie_ratings order by deleted, movielens_id`);
const narrowRatings = [
  {
    part: 'warehouse.movie_ratings_live_2',
    rater_id: String(0x5bdcc146bf60754en),
    movielens_id: 7,
    rating: '3.5',
    record_number: 1,
    deleted: false,
  },
  {
    part: 'warehouse.movie_ratings_live_1',
    rater_id: String(0x30344c61d8db3853n),
    movielens_id: 8,
    rating: '0.5',
    record_number: 2,
    deleted: false,
  },
  {
    part: 'warehouse.movie_ratings_closed',
    rater_id: String(0x5bdcc146bf60754en),
    movielens_id: 7,
    rating: '1',
    record_number: null,
    deleted: true,
  },
];
const rateAgain = () =>
  owner.query(`insert into warehouse.movie_ratings (rater_id, movielens_id, file_id, valid_from)
               values (${0x5bdcc146bf60754en}, 7, 1, '2017-09-01')`);
const states = () =>
  rows(`select publication, extract(day from built_date)::integer as day, to_jsonb(retirements) as retirements
        from support.publication_state order by 1`);
const reflectedStates = [
  { publication: 1, day: 2, retirements: [1, 3] },
  { publication: 3, day: 4, retirements: [1, 2] },
  { publication: 5, day: 2, retirements: [1, 3] },
  { publication: 7, day: 2, retirements: [1, 3] },
];

it('ratings keep their raters, history and retirements when rater ids become narrower', async () => {
  await migrateTo('20261126');
  // A first load replaces the table of live rows with another one, whose columns are in another order.
  await owner.query(`
    drop table warehouse.movie_ratings_live;
    create table warehouse.movie_ratings_live as
      select '${hash}'::uuid as rater_id, 7 as movielens_id, 3.5 as rating, now() as rating_timestamp, 1 as record_number,
             1 as file_id, date '2017-08-01' as valid_from, null::date as valid_to, now() as created_date,
             null::timestamptz as deleted_date, false as deleted
      union all
      select '${negative}', 8, 0.5, null, 2, 1, '2017-08-01', null, now(), null, false;
    alter table warehouse.movie_ratings_live alter file_id set not null, alter movielens_id set not null,
      alter rater_id set not null, alter valid_from set not null, alter created_date set not null, alter deleted set not null,
      alter rating_timestamp type timestamptz(6), alter created_date type timestamptz(6), alter deleted_date type timestamptz(6);
    create unique index movie_ratings_live_key on warehouse.movie_ratings_live (rater_id, movielens_id);
    alter table warehouse.movie_ratings attach partition warehouse.movie_ratings_live for values in (false);
    insert into warehouse.movie_ratings (rater_id, movielens_id, rating, file_id, valid_from, valid_to, deleted)
    values ('${hash}', 7, 1, 1, '2017-07-01', '2017-08-01', true);
    insert into support.retirement (table_name, row_key, period, reason, actor)
    values ('movie_ratings', '{"rater_id": "${negative}", "movielens_id": "8"}', '2017-08', 'spam', 'test');
    insert into support.mapping_version (number, author, note, content_hash)
    values (1, 'test', '', '${initialMappingBefore}'), (2, 'test', '', 'of another')`);
  await migrateTo('20261126000000_narrow_ratings');
  expect(await ratings()).toEqual(narrowRatings);
  expect(await rows('select row_key from support.retirement')).toEqual([
    { row_key: { rater_id: String(0x30344c61d8db3853n), movielens_id: '8' } },
  ]);
  expect(await rows('select number, content_hash from support.mapping_version order by number')).toEqual([
    { number: 1, content_hash: initialMappingAfter },
    { number: 2, content_hash: 'of another' },
  ]);
  await expect(rateAgain()).rejects.toMatchObject({ code: '23505' });
});

it('earlier publications reflect what was retired when they, or the publication they restore, were published', async () => {
  await owner.query(`
    insert into reporting.publication
      (number, published_date, as_of_day, period, drops, mapping_version, row_counts, check_state, restores)
    select number, date '2026-01-01' + number, '2017-08-31', '2017-08', '[]', 1, '{}', 'passed', restores
    from (values (1, null), (3, null), (5, 1), (7, 5)) as published (number, restores);
    truncate support.retirement restart identity;
    insert into support.retirement (table_name, row_key, reason, actor, created_date, restored_date)
    values ('genres', '{"id": "1"}', '', '', '2026-01-01', null),
      ('genres', '{"id": "2"}', '', '', '2026-01-03', null),
      ('genres', '{"id": "3"}', '', '', '2026-01-01', '2026-01-03')`);
  await migrateTo('20261126000100_reflected_states');
  expect(await states()).toEqual(reflectedStates);
});

it('all of it is kept when the history is replaced by that of the initial migrations', async () => {
  await migrateTo('20261126000300_written_alike');
  expect(await rows('select count(*)::int from _prisma_migrations')).toEqual([{ count: 10 }]);
  const { initial } = await readSquashedHistory();
  const all = (await readMigrations()).migrationDirectories.map(({ path }) => path).sort();
  expect((await migrate(ownerUrl)).applied).toEqual(all.filter((path) => !(path in initial)));
  expect(await rows('select migration_name as name from _prisma_migrations order by 1')).toEqual(
    all.map((path) => ({ name: path })),
  );
  expect(await ratings()).toEqual(narrowRatings);
  expect(await states()).toEqual(reflectedStates);
  await expect(rateAgain()).rejects.toMatchObject({ code: '23505' });
});
