import type pg from 'pg';

/**
 * Empties all that a publication reads and writes; as the owner, who may truncate. The tables of loaded files go: a
 * property that loads hundreds of them would else empty hundreds each time.
 */
export async function emptyDatabase(owner: pg.Pool): Promise<void> {
  const { rows } = await owner.query<{ tables: string; files: string | null }>(
    `select
       string_agg(format('%I.%I', schemaname, tablename), ', ') filter (where parent is null) as tables,
       string_agg(format('%I.%I', schemaname, tablename), ', ') filter (where parent is not null) as files
     from pg_tables
     left join (
       select inhrelid, inhparent as parent from pg_inherits
     ) as child on inhrelid = to_regclass(format('%I.%I', schemaname, tablename)) and schemaname = 'source'
     where schemaname in ('source', 'warehouse', 'reporting', 'support')`,
  );
  const { tables, files } = rows[0]!;
  if (files !== null) await owner.query(`drop table ${files} cascade`);
  await owner.query(`truncate ${tables} cascade`);
}
