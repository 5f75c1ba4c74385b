import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { applyMigrations, schemaDrift } from '../../src/database/migrations/schema-engine.js';
import { fingerprint } from '../../src/database/migrations/schema-facts.js';
import { readMigrations } from '../../src/database/migrations/schema-files.js';
import { readSquashedHistory } from '../../src/database/migrations/squashed-history.js';
import { packageRoot } from '../../src/package-root.js';
import { useDatabase } from '../database-fixture.js';
import { describeSchema, describeServer, goldenText, readGolden } from './described-schema.js';
import { emptyDatabase } from './former-version.js';

describe('the migrations', () => {
  const database = useDatabase();

  it('create what the schema files describe', async () => {
    expect(await schemaDrift(inject('superuserUrl'))).toBe('');
  });

  // After adding a migration: UPDATE_GOLDEN=1 npx vitest run test/database/migrations.test.ts, and review the difference.
  it('create the schema of schema.golden.txt', async () => {
    const { owner } = database.pools;
    const text = goldenText([...(await describeServer(owner, 'marquee')), ...(await describeSchema(owner))]);
    expect(text).toBe(await readGolden(new URL('schema.golden.txt', import.meta.url), text));
  });

  it('do nothing the second time', async () => {
    expect(await applyMigrations(database.urls.owner)).toEqual([]);
  });

  it('leave a comment on every table and column of the model', async () => {
    const { rows } = await database.pools.owner.query(`
      select n.nspname || '.' || c.relname || coalesce('.' || a.attname, '') as missing
      from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
      left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      where n.nspname in ('source', 'warehouse', 'reporting', 'support')
        and c.relkind in ('r', 'p') and not c.relispartition
        and (col_description(c.oid, a.attnum) is null or obj_description(c.oid, 'pg_class') is null)
      order by 1`);
    expect(rows.map((row) => row.missing).filter((name) => !name.includes('_report'))).toEqual([]);
  });

  it('give the tables of source and warehouse to the pipeline', async () => {
    const { rows } = await database.pools.owner.query(`
      select schemaname, tablename from pg_tables
      where schemaname in ('source', 'warehouse') and tableowner <> 'marquee_pipeline'`);
    expect(rows).toEqual([]);
  });
});

describe('the initial migrations', () => {
  const database = useDatabase({ create: emptyDatabase });

  it('are never edited: a change of the schema is a new migration', async () => {
    const { initial } = await readSquashedHistory();
    const checksums = await Promise.all(
      Object.keys(initial).map(async (name) => {
        const text = await readFile(join(packageRoot, 'prisma/migrations', name, 'migration.sql'));
        return [name, createHash('sha256').update(text).digest('hex')];
      }),
    );
    expect(Object.fromEntries(checksums)).toEqual(initial);
  });

  it('create the schema that a database of version 0.1.0 must have to be upgraded', async () => {
    const squashed = await readSquashedHistory();
    const all = await readMigrations();
    await applyMigrations(database.urls.owner, {
      ...all,
      migrationDirectories: all.migrationDirectories.filter(({ path }) => path in squashed.initial),
    });
    const objects = await describeSchema(database.pools.owner);
    const schema = Object.fromEntries(objects.map((object) => [object.name, fingerprint(object)]));
    // Needed only after a change of schema-facts.sql: the initial migrations always create the same schema.
    if (process.env.UPDATE_GOLDEN === '1') {
      const file = join(packageRoot, 'prisma/squashed-history.json');
      await writeFile(file, `${JSON.stringify({ ...squashed, schema }, undefined, 2)}\n`);
    }
    expect(schema).toEqual((await readSquashedHistory()).schema);
  });
});

describe('the reader role', () => {
  const database = useDatabase();

  it.each([
    ['source', 'select from source.file'],
    ['warehouse', 'select from warehouse.movies'],
    ['support', 'select from support.run'],
    ['a write', 'delete from reporting.publication'],
    ['a temporary table', 'create temporary table t ()'],
    ['another role', 'set role marquee_pipeline'],
  ])('is refused %s', async (_what, statement) => {
    await expect(database.pools.reader.query(statement)).rejects.toThrow(/permission denied|read-only/);
  });

  it('reads the reports', async () => {
    const { rows } = await database.pools.reader.query('select count(*) from genre_report');
    expect(rows).toEqual([{ count: '0' }]);
  });
});
