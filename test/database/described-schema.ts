import { readFile, writeFile } from 'node:fs/promises';
import type pg from 'pg';
import { type DescribedObject, readSchemaFacts } from '../../src/database/migrations/schema-facts.js';
import { inTransaction } from '../../src/database/transaction.js';

/** The tables, rights and so on of a database. */
export function describeSchema(pool: pg.Pool): Promise<DescribedObject[]> {
  return inTransaction(pool, readSchemaFacts);
}

/** What migrations set beyond tables and their rights. */
export async function describeServer(pool: pg.Pool, database: string): Promise<DescribedObject[]> {
  const { rows } = await pool.query<{ name: string; facts: string[] }>(
    `select 'role ' || rolname as name,
            array[case when rolcanlogin then 'can log in' else 'cannot log in' end]
              || array(select setting from pg_db_role_setting cross join unnest(setconfig) setting
                       where setrole = r.oid and setdatabase = 0 order by setting) as facts
     from pg_roles r where rolname like 'marquee%'
     union all
     select 'database',
            array(select 'grant ' || lower(privilege_type) || ' to ' || coalesce(grantee.rolname, 'public')
                  from aclexplode(datacl) left join pg_roles grantee on grantee.oid = grantee
                  where grantee <> datdba order by 1)
     from pg_database where datname = $1
     union all
     select 'large objects', array(select 'public may execute ' || oid::regprocedure from pg_proc
       where proname ~ '^(lo_|loread$|lowrite$)' and has_function_privilege('public', oid, 'execute') order by 1)
     order by name`,
    [database],
  );
  return rows.map((row) => ({ ...row, ofPipeline: false }));
}

/** The text of a golden file: one paragraph per object. */
export function goldenText(objects: readonly DescribedObject[]): string {
  return objects
    .map(({ name, facts }) => `${[name, ...facts.map((fact) => `  ${fact}`)].join('\n')}\n`)
    .join('\n');
}

/** Reads a golden file. With `UPDATE_GOLDEN=1` in the environment, writes the text into it first. */
export async function readGolden(file: URL, text: string): Promise<string> {
  if (process.env.UPDATE_GOLDEN === '1') await writeFile(file, text);
  return readFile(file, 'utf8');
}
