-- By default, Postgres allows every role to create large objects, including roles that may only read. These functions
-- belong to a superuser: if the role that migrates is not one, a superuser must run this loop once in this database.
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
