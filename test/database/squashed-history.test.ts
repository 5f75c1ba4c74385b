import type pg from 'pg';
import { describe, expect, it } from 'vitest';
import { migrate } from '../../src/database/migrations/migrate.js';
import { applyMigrations } from '../../src/database/migrations/schema-engine.js';
import { readMigrations } from '../../src/database/migrations/schema-files.js';
import { readSquashedHistory } from '../../src/database/migrations/squashed-history.js';
import { cloneTemplate, createDatabase, useDatabase } from '../database-fixture.js';
import { describeSchema, goldenText } from './described-schema.js';
import { formerDatabase, initialDatabase } from './former-version.js';

const lastInitial = '20261130000600_large_objects';
const history = async (pool: pg.Pool) =>
  (await pool.query('select * from _prisma_migrations order by 1')).rows;
/** The history without ids and dates, which differ from one database to another. */
const recorded = async (pool: pg.Pool) =>
  (
    await pool.query(
      `select migration_name, checksum, finished_at is not null as finished, rolled_back_at, logs, applied_steps_count
       from _prisma_migrations order by migration_name`,
    )
  ).rows;
/** The names of all constraints, also those of "not null", which the described schema leaves out. */
const constraintNames = async (pool: pg.Pool) =>
  (
    await pool.query(
      `select conrelid::regclass::text as table, conname as name, contype as type, conislocal as local, coninhcount as inherited
       from pg_constraint where connamespace::regnamespace::text in ('source', 'warehouse', 'reporting', 'support') order by 1, 2`,
    )
  ).rows;

describe('a database of version 0.1.0', () => {
  const initial = useDatabase({ create: initialDatabase });
  const current = useDatabase();
  const former = useDatabase({ create: formerDatabase });

  it('has the schema that the initial migrations create', async () => {
    const [one, other] = [former.pools.owner, initial.pools.owner];
    expect(goldenText(await describeSchema(one))).toBe(goldenText(await describeSchema(other)));
    expect(await constraintNames(one)).toEqual(await constraintNames(other));
  });

  it('keeps its history when rewriting it fails halfway', async () => {
    const { owner } = former.pools;
    const before = await history(owner);
    expect(before).toHaveLength(10);
    await owner.query(
      `alter table _prisma_migrations add constraint halfway check (migration_name <> '${lastInitial}')`,
    );
    await expect(migrate(former.urls.owner)).rejects.toMatchObject({ constraint: 'halfway' });
    expect(await history(owner)).toEqual(before);
    await owner.query('alter table _prisma_migrations drop constraint halfway');
  });

  it('gets the history of the initial migrations, whichever of two commands rewrites it', async () => {
    const { owner } = former.pools;
    const applied = await Promise.all([migrate(former.urls.owner), migrate(former.urls.owner)]);
    // Only the later migrations are applied, and by one of the two.
    const names = Object.keys((await readSquashedHistory()).initial);
    const later = (await readMigrations()).migrationDirectories
      .map(({ path }) => path)
      .filter((name) => !names.includes(name));
    expect(applied.flatMap((result) => result.applied)).toEqual(later);
    expect(await recorded(owner)).toEqual(await recorded(current.pools.owner));
    expect(await recorded(owner)).toHaveLength(names.length + later.length);
  });

  it('is not changed the second time', async () => {
    const { owner } = former.pools;
    const before = await history(owner);
    expect((await migrate(former.urls.owner)).applied).toEqual([]);
    expect(await applyMigrations(former.urls.owner)).toEqual([]);
    expect(await history(owner)).toEqual(before);
  });
});

describe('a database that is not exactly one of version 0.1.0', () => {
  const former = useDatabase({ create: formerDatabase });

  it.each([
    [
      'a migration whose checksum differs',
      "update _prisma_migrations set checksum = repeat('0', 64) where migration_name like '%live_rows'",
      'its migration 20261123000100_live_rows was changed before it was applied',
    ],
    [
      'only a part of the migrations',
      "delete from _prisma_migrations where migration_name >= '20261126000200'",
      'its history lacks the migration 20261126000200_accepted_loss',
    ],
    [
      'a migration of another version',
      "update _prisma_migrations set migration_name = '20270101000000_other' where migration_name like '%initial'",
      'its history contains another migration, 20270101000000_other',
    ],
    [
      'a migration that was not finished',
      "update _prisma_migrations set finished_at = null where migration_name like '%roles'",
      'its migration 20261123000200_roles was not applied completely at the first attempt',
    ],
    [
      'a migration that was rolled back and applied again',
      `insert into _prisma_migrations
       select gen_random_uuid(), checksum, finished_at, migration_name, logs, now(), started_at, applied_steps_count
       from _prisma_migrations where migration_name like '%roles'`,
      'its migration 20261123000200_roles was not applied completely at the first attempt',
    ],
    [
      'another column',
      'alter table warehouse.movies add column rank integer',
      'warehouse.movies differs from what version 0.1.0 created',
    ],
    ['another type', 'alter table support.issue alter value type varchar', 'support.issue differs'],
    ['another default', "alter table support.run alter state set default 'queued'", 'support.run differs'],
    ['a column that may be null', 'alter table source.part alter state drop not null', 'source.part differs'],
    ['a missing index', 'drop index warehouse.movies_live_key', 'warehouse.movies differs'],
    ['a constraint', 'alter table source.part add check (part_number > 0)', 'source.part differs'],
    [
      'another partition',
      'alter table warehouse.movie_ratings detach partition warehouse.movie_ratings_closed',
      'warehouse.movie_ratings_closed differs',
    ],
    ['a missing table', 'drop table support.audit_event', 'it lacks support.audit_event'],
    [
      'an additional table',
      'create table support.notes ()',
      'it contains support.notes, which is not part of that version',
    ],
    ['another owner', 'alter table source.file owner to marquee_owner', 'source.file differs'],
    ['a missing right', 'revoke delete on support.run from marquee_pipeline', 'support.run differs'],
    [
      'a right of a column',
      'grant select (number) on support.mapping_version to marquee_reader',
      'support.mapping_version differs',
    ],
    [
      'a right for everyone',
      'grant select on reporting.genre_report to public',
      'reporting.genre_report differs',
    ],
    [
      'other default rights',
      'alter default privileges in schema support grant select on tables to marquee_reader',
      'new tables in support differs',
    ],
    ['another storage setting', 'alter table support.run set (fillfactor = 50)', 'support.run differs'],
  ])('is refused and not changed: it has %s', async (_what, change, reason) => {
    const database = await createDatabase({
      create: (client, name) => cloneTemplate(client, name, former.name),
    });
    try {
      const { owner } = database.pools;
      await owner.query(change);
      const state = async () => [await history(owner), goldenText(await describeSchema(owner))];
      const before = await state();
      await expect(migrate(database.urls.owner)).rejects.toMatchObject({
        code: 'database_not_upgradable',
        message: expect.stringContaining(reason),
      });
      expect(await state()).toEqual(before);
    } finally {
      await database.drop();
    }
  });
});
