import { appendFile, cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ReportDescription } from '../../../src/api/contract/report-description.js';
import { migrate } from '../../../src/database/migrations/migrate.js';
import { relations } from '../../../src/dataset/relations/relations.js';
import { reportComments } from '../../../src/dataset/report-comments.js';
import { reports } from '../../../src/dataset/reports/reports.js';
import { definitionIdentity } from '../../../src/reporting/definition/definition-hash.js';
import { useDatabase } from '../../database-fixture.js';
import { filmWorld } from '../film-world.js';
import { publishReports } from '../publish-reports.js';
import { fillWarehouse } from '../warehouse-rows.js';

/** The API takes the same descriptions; the compiler says when it cannot. */
const described: readonly ReportDescription[] = reports;

describe('the report definitions', () => {
  const database = useDatabase();

  it.each(described)('describe the columns of $name as the table has them', async ({ name, columns }) => {
    const { rows } = await database.pools.owner.query(
      `select column_name as name, is_nullable = 'YES' as nullable,
         case data_type when 'integer' then 'int' else data_type end as type
       from information_schema.columns where table_schema = 'reporting' and table_name = $1
       order by ordinal_position`,
      [name],
    );
    expect(
      columns.map((column) => ({ name: column.name, nullable: column.nullable, type: column.type })),
    ).toEqual(rows);
  });

  it.each(reports)('name the key and the indexes of $name as the table has them', async (definition) => {
    const { rows } = await database.pools.owner.query<{ key: boolean; columns: string[] }>(
      `select i.indisprimary as key,
         (select array_agg(a.attname::text order by k.place)
          from unnest(i.indkey) with ordinality as k (number, place)
          join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number) as columns
       from pg_index i where i.indrelid = $1::regclass and i.indexprs is null`,
      [`reporting.${definition.name}`],
    );
    expect(rows.find((index) => index.key)!.columns).toEqual(definition.key);
    const others = rows.filter((index) => !index.key).map((index) => index.columns.join());
    expect(others.sort()).toEqual(definition.indexes.map((columns) => columns.join()).sort());
  });

  it('leave a comment on every report and column, for those who look by SQL', async () => {
    expect(reportComments().filter(({ comment }) => !comment.endsWith('.'))).toEqual([]);
    const { rows } = await database.pools.reader.query(
      `select obj_description('reporting.genre_report'::regclass, 'pg_class') as "table",
         col_description('reporting.genre_report'::regclass, 4) as budget`,
    );
    expect(rows).toEqual([
      {
        table: expect.stringContaining('One row per release year and genre'),
        budget: expect.stringContaining('Unit: US dollars.'),
      },
    ]);
  });

  it('say what a report’s table is however often the database is migrated', async () => {
    for (const _ of ['once more', 'and again']) {
      await migrate(database.urls.owner, { comments: reportComments() });
      const { rows } = await database.pools.owner.query<{ said: string }>(
        `select obj_description(to_regclass('reporting.' || name)) as said from unnest($1::text[]) name`,
        [reports.map(({ name }) => name)],
      );
      expect(rows.map(({ said }) => said)).toEqual(
        reports.map(({ description, grain }) => `${description} ${grain}`),
      );
    }
  });

  it('count in dollars, of which a meaning tells no other unit', () => {
    const columns = reports.flatMap((report) => report.columns).filter(({ unit }) => unit === 'US dollars');
    expect(columns.length).toBeGreaterThan(0);
    expect(columns.filter(({ meaning }) => / in (cents|millions|dollars)/.test(meaning))).toEqual([]);
  });

  it('use every .sql file, whose first line names what it makes', async () => {
    const folder = dirname(reports[0]!.sqlFile);
    const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.sql'));
    const used = reports.flatMap(({ sqlFile, checks, contributions }) => [
      sqlFile,
      ...checks.map((check) => check.sqlFile),
      ...contributions!.touched,
      ...(contributions!.sideEffects === undefined ? [] : [contributions!.sideEffects]),
      ...contributions!.rollups.map((stock) => stock.sqlFile),
    ]);
    expect(files.map((file) => join(folder, file)).sort()).toEqual([...new Set(used)].sort());
    for (const { name, sqlFile } of reports) {
      expect(await readFile(sqlFile, 'utf8')).toMatch(new RegExp(`^-- ${name}: .*\\n-- grain: `));
    }
  });

  it('use every relation, whose head says what it is', async () => {
    const folder = dirname(relations[0]!.sqlFile);
    const files = (await readdir(folder)).filter((file) => file.endsWith('.sql'));
    expect(files.sort()).toEqual(relations.map(({ name }) => `${name}.sql`).sort());
    const used = new Set<string>();
    for (const report of reports) {
      const { rules } = await definitionIdentity(report);
      for (const name of Object.keys(rules.relations)) used.add(name);
    }
    expect([...used].sort()).toEqual(relations.map(({ name }) => name).sort());
    for (const { name, sqlFile } of relations) {
      expect(await readFile(sqlFile, 'utf8')).toMatch(
        new RegExp(`^-- ${name}: .*\\n(-- .*\\n)*-- The rules?: .*\\n(-- .*\\n)*-- grain: `),
      );
    }
  });

  it('have another identity when a relation that they use is another, and only then', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'marquee-relations-'));
    const sqlFile = join(folder, 'film_releases.sql');
    await cp(relations.find(({ name }) => name === 'film_releases')!.sqlFile, sqlFile);
    await appendFile(sqlFile, 'where true\n');
    const others = relations.map((one) => (one.name === 'film_releases' ? { ...one, sqlFile } : one));
    const changed = [];
    for (const report of reports) {
      const [before, after] = await Promise.all([
        definitionIdentity(report),
        definitionIdentity({ ...report, relations: others }),
      ]);
      expect(after.rules.own).toBe(before.rules.own);
      if (before.hash !== after.hash) changed.push(report.name);
    }
    await rm(folder, { recursive: true });
    expect(changed).toEqual(['production_company_report', 'production_company_genre_report', 'genre_report']);
  });

  it('fill the catalog and, with the warehouse’s comments, the dictionary', async () => {
    const { pipeline, reader } = database.pools;
    await fillWarehouse(pipeline, filmWorld({ budget: 10 }));
    await publishReports(pipeline);
    const catalog = await reader.query(
      'select report, grain, key_columns, row_count, publication from report_catalog',
    );
    expect(catalog.rows).toHaveLength(reports.length);
    expect(catalog.rows).toContainEqual({
      report: 'genre_report',
      grain: expect.stringContaining('One row per'),
      key_columns: ['year', 'genre_id'],
      row_count: 1,
      publication: 1,
    });
    const { rows } = await reader.query(
      `select table_name, column_name, data_type, unit, description from data_dictionary
       where column_name = 'budget' and table_name in ('genre_report', 'movies') order by 1`,
    );
    expect(rows).toMatchObject([
      { table_name: 'genre_report', data_type: 'numeric', unit: 'US dollars' },
      {
        table_name: 'movies',
        data_type: 'numeric',
        description: 'Budget in US dollars; null if unknown.',
      },
    ]);
  });
});
