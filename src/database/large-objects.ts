import type pg from 'pg';

/**
 * Takes from everyone the functions on large objects, which Postgres gives to all and which none of our roles needs:
 * they let a role that may only read fill the disk. Only their owner, a superuser, can; the migration of the same
 * purpose does it where whoever migrates is one.
 */
export async function withholdLargeObjects(superuser: pg.Client): Promise<void> {
  await superuser.query(`/* database.withhold_large_objects */
    do $$
    declare
      large_object_function regprocedure;
    begin
      for large_object_function in
        select oid from pg_catalog.pg_proc
        where pronamespace = 'pg_catalog'::regnamespace and proname ~ '^(lo_|loread$|lowrite$)'
          and has_function_privilege('public', oid, 'execute')
      loop
        execute format('revoke execute on function %s from public', large_object_function);
      end loop;
    end
    $$`);
}
