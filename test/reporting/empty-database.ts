import type pg from 'pg';

/** Empties all that a publication reads and writes; as the owner, who may truncate. */
export async function emptyDatabase(owner: pg.Pool): Promise<void> {
  const { rows } = await owner.query<{ tables: string }>(
    `select string_agg(format('%I.%I', schemaname, tablename), ', ') as tables from pg_tables
     where schemaname in ('source', 'warehouse', 'reporting', 'support')`,
  );
  await owner.query(`truncate ${rows[0]!.tables} cascade`);
}
