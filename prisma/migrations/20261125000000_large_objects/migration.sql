-- Postgres lets every role make large objects, also one that may read a single schema. Their functions belong to a
-- superuser: where whoever migrates is none, a superuser has to run the loop below once in this database.
do $$
declare
  large_object_function regprocedure;
begin
  for large_object_function in
    select oid from pg_catalog.pg_proc
    where pronamespace = 'pg_catalog'::regnamespace and proname ~ '^(lo_|loread$|lowrite$)'
      and has_function_privilege('public', oid, 'execute')
      and pg_has_role(current_user, proowner, 'usage')
  loop
    execute format('revoke execute on function %s from public', large_object_function);
  end loop;
end
$$;
