-- Who may do what. One role per kind of process; a role sees what its work needs and no more.
-- Roles belong to the server, not to the database: a second database on it finds them there.
-- Passwords are not set here (they are secrets); `marquee migrate` sets them from the configuration.

do $$
declare
  role_name text;
begin
  foreach role_name in array array['marquee_owner', 'marquee_pipeline', 'marquee_reader', 'marquee_queue'] loop
    begin
      if not exists (select from pg_roles where rolname = role_name) then
        execute format('create role %I login', role_name);
      end if;
    exception when duplicate_object or unique_violation then
      null; -- another database on the server was migrated at the same moment
    end;
    -- Whoever migrates hands tables and databases to these roles, which takes membership; since
    -- Postgres 16 the membership that comes with creating a role does not suffice.
    if role_name <> current_user and not (select rolsuper from pg_roles where rolname = current_user) then
      execute format('grant %I to current_user', role_name);
    end if;
  end loop;
end
$$;

do $$
begin
  execute format('revoke all on database %I from public', current_database());
  execute format('grant connect on database %I to marquee_reader', current_database());
  execute format('grant connect, temporary on database %I to marquee_pipeline', current_database());
  if pg_has_role(current_user, (select nspowner from pg_namespace where nspname = 'public'), 'usage') then
    revoke all on schema public from public;
  end if;
end
$$;

-- Where the warehouse is built anew from source, beside the one in use.
create schema if not exists rebuild;

grant usage, create on schema source, warehouse, rebuild, reporting, support to marquee_pipeline;

-- The pipeline attaches partitions, swaps rebuilt tables and analyzes what it published, which only an owner can.
do $$
declare
  entry record;
begin
  for entry in
    select n.nspname, c.relname
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('source', 'warehouse', 'reporting')
      and c.relkind in ('r', 'p')
  loop
    execute format('alter table %I.%I owner to marquee_pipeline', entry.nspname, entry.relname);
  end loop;
end
$$;

grant select, insert, update, delete on all tables in schema reporting, support to marquee_pipeline;
grant usage, select on all sequences in schema reporting, support to marquee_pipeline;
alter default privileges in schema reporting, support grant select, insert, update, delete on tables to marquee_pipeline;
alter default privileges in schema reporting, support grant usage, select on sequences to marquee_pipeline;

grant usage on schema reporting to marquee_reader;
grant select on all tables in schema reporting to marquee_reader;
alter default privileges in schema reporting grant select on tables to marquee_reader;

alter role marquee_reader set default_transaction_read_only = on;
alter role marquee_reader set statement_timeout = '30s';
alter role marquee_reader set idle_in_transaction_session_timeout = '30s';
alter role marquee_reader set idle_session_timeout = '1h';
alter role marquee_reader set search_path = reporting;
alter role marquee_pipeline set search_path = pg_catalog;
