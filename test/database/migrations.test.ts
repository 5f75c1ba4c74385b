import { describe, expect, inject, it } from 'vitest';
import { applyMigrations, schemaDrift } from '../../src/database/schema-engine.js';
import { useDatabase } from '../database-fixture.js';

describe('the migrations', () => {
  const database = useDatabase();

  it('make what the schema files say', async () => {
    expect(await schemaDrift(inject('superuserUrl'))).toBe('');
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

  it('hand the tables of source and warehouse to the pipeline', async () => {
    const { rows } = await database.pools.owner.query(`
      select schemaname, tablename from pg_tables
      where schemaname in ('source', 'warehouse') and tableowner <> 'marquee_pipeline'`);
    expect(rows).toEqual([]);
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
