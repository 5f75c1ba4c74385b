import pg from 'pg';
import { expect, inject, it } from 'vitest';
import { dropFlow } from '../../jobs/drop-flow.js';
import { rebuildWarehouseFlow, verifyWarehouseFlow } from '../../jobs/rebuild-warehouse.js';
import { migrate } from '../../src/database/migrations/migrate.js';
import { fingerprint } from '../../src/database/migrations/schema-facts.js';
import { readMigrations } from '../../src/database/migrations/schema-files.js';
import { readSquashedHistory } from '../../src/database/migrations/squashed-history.js';
import { describeSchema } from '../database/described-schema.js';
import { formerDatabase } from '../database/former-version.js';
import { useDatabase } from '../database-fixture.js';
import { film, usePipeline } from './pipeline.js';

/** What the present pipeline needs to load into the database: migrations that came later. */
const laterMigrations =
  /(value_acceptance|file_origin|renamed_keys|value_ranges|irregular_records|report_rules)$/;
/** What they add to tables of version 0.1.0. */
const laterColumns: Readonly<Record<string, readonly string[]>> = {
  'source.file': ['origin'],
  'reporting.publication': ['rules'],
  'support.file_transform': ['known_count', 'renamed_count'],
  'support.data_mapping': ['min', 'max', 'allowed'],
};

/** A database of version 0.1.0 into which the present pipeline can load. */
async function loadableDatabase(superuser: pg.Client, name: string): Promise<void> {
  await formerDatabase(superuser, name);
  const url = new URL(inject('urls').owner);
  url.pathname = `/${name}`;
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  try {
    for (const { path, migrationFile } of (await readMigrations()).migrationDirectories) {
      if (!laterMigrations.test(path)) continue;
      if (migrationFile.content.tag !== 'ok') throw new Error(`${path} could not be read.`);
      await client.query(migrationFile.content.value);
    }
  } finally {
    await client.end();
  }
}

/** The tables that they add. */
const laterTables = ['support.value_acceptance', 'source.irregular_record'];

const pipeline = usePipeline({}, {}, useDatabase({ create: loadableDatabase, queues: true }));
const by = { requestedBy: 'test' };
const query = async (text: string) => (await pipeline.database.pools.owner.query(text)).rows;
const load = async (period: string, title: string, rating: string) => {
  const folder = await pipeline.writeDrop(period, {
    movies_metadata: [film('1', { title }), film('2')],
    // Version 0.1.0 takes the same bytes for one month only.
    links: [{ movieId: '7', imdbId: `0${period.replace('-', '')}`, tmdbId: '1' }],
    ratings: ['1', '2', '3', '4'].map((userId) => ({
      userId,
      movieId: '7',
      rating,
      timestamp: '1500000000',
    })),
  });
  return pipeline.ended(await pipeline.worker.runs.start(dropFlow, { folder, period }, by));
};
/** Every table with its number of rows, also those that were created at run time. */
const tables = () =>
  query(
    `select schemaname || '.' || tablename as name,
            (xpath('/row/n/text()', query_to_xml(
               format('select count(*) as n from %I.%I', schemaname, tablename), false, true, '')))[1]::text::int as rows
     from pg_tables where schemaname in ('source', 'warehouse', 'rebuild', 'reporting', 'support') order by 1`,
  );
const scores = () =>
  query('select movie_id, movie_name, movie_score from reporting.movie_score_report order by 1');
/** Tables of the migrations that no longer are as the migrations created them. */
const changedTables = async () => {
  const { schema } = await readSquashedHistory();
  const objects = await describeSchema(pipeline.database.pools.owner);
  const changed = objects.filter(
    (object) => (schema[object.name] ?? fingerprint(object)) !== fingerprint(object),
  );
  return changed
    .map(({ name }) => name)
    .filter((name) => !(name in laterColumns || laterTables.includes(name)));
};

it('a database of version 0.1.0 keeps its data when it is upgraded, and loads the next drop', async () => {
  // The first drop replaces the partitions of live ratings, a rebuild every table of the warehouse.
  expect(await load('2017-08', 'Toys', '3')).toMatchObject({ state: 'succeeded' });
  expect(await changedTables()).toEqual([]);
  expect(await load('2017-09', 'Toy Story', '4')).toMatchObject({ state: 'succeeded' });
  const rebuilt = await pipeline.worker.runs.start(rebuildWarehouseFlow, {}, by);
  expect(await pipeline.ended(rebuilt)).toMatchObject({ state: 'succeeded' });
  expect(await changedTables()).toEqual([]);
  const before = await tables();
  expect(before).toEqual(
    expect.arrayContaining([
      { name: 'source.src_ratings_f3', rows: 4 },
      { name: 'support.contribution_movie_score_report', rows: 2 },
      { name: 'warehouse.movie_ratings_closed', rows: 4 },
      { name: 'warehouse.movie_ratings_live', rows: 4 },
    ]),
  );
  // What later migrations added is gone again before the upgrade.
  for (const table of laterTables) await query(`drop table ${table}`);
  for (const [table, columns] of Object.entries(laterColumns)) {
    await query(`alter table ${table} ${columns.map((column) => `drop column ${column}`).join(', ')}`);
  }
  const served = await scores();

  // The history becomes that of a new database; only what came after the initial migrations is applied.
  const { initial } = await readSquashedHistory();
  const all = (await readMigrations()).migrationDirectories.map(({ path }) => path).sort();
  expect((await migrate(pipeline.database.urls.owner)).applied).toEqual(
    all.filter((name) => !(name in initial)),
  );
  expect(await query('select migration_name as name from _prisma_migrations order by 1')).toEqual(
    all.map((name) => ({ name })),
  );
  const after = await tables();
  expect(after.filter(({ name }) => before.some((table) => table.name === name))).toEqual(
    before.map(({ name, rows }) => ({ name, rows: laterTables.includes(name) ? 0 : rows })),
  );
  expect(await scores()).toEqual(served);

  expect(await load('2017-10', 'Toy Story 2', '5')).toMatchObject({ state: 'succeeded' });
  expect(await scores()).toEqual([
    { movie_id: 1, movie_name: 'Toy Story 2', movie_score: '10.0000' },
    { movie_id: 2, movie_name: 'Film 2', movie_score: null },
  ]);
  expect(
    await query('select title, valid_from::text from warehouse.movies where movie_id = 1 order by 2'),
  ).toEqual([
    { title: 'Toys', valid_from: '2017-08-01' },
    { title: 'Toy Story', valid_from: '2017-09-01' },
    { title: 'Toy Story 2', valid_from: '2017-10-01' },
  ]);
  const verified = await pipeline.ended(await pipeline.worker.runs.start(verifyWarehouseFlow, {}, by));
  expect(verified).toMatchObject({ state: 'succeeded', counts: { differences: 0 } });
});
