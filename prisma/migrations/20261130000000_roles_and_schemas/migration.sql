-- One role per kind of process, and one schema per layer.
--
-- Roles belong to the server, not to the database: a second database on the same server finds them already there.
-- Passwords are secrets and not set here; `marquee migrate` sets them from the configuration.

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
    -- Giving tables and databases to these roles requires membership in them. Since Postgres 16, the membership that
    -- comes with creating a role is not enough.
    if role_name <> current_user and not (select rolsuper from pg_roles where rolname = current_user) then
      execute format('grant %I to current_user', role_name);
    end if;
  end loop;
end
$$;

-- The API and BI tools: read-only and limited in time, whatever a client sends.
alter role marquee_reader set default_transaction_read_only = on;
alter role marquee_reader set statement_timeout = '30s';
alter role marquee_reader set idle_in_transaction_session_timeout = '30s';
alter role marquee_reader set idle_session_timeout = '1h';
alter role marquee_reader set search_path = reporting;
alter role marquee_pipeline set search_path = pg_catalog;

-- Exports, recorded changes and BI tools show days and times in one format, whatever the settings of the server are.
alter role marquee_reader set datestyle = 'ISO, MDY';
alter role marquee_reader set timezone = 'UTC';
alter role marquee_pipeline set datestyle = 'ISO, MDY';
alter role marquee_pipeline set timezone = 'UTC';

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

create schema if not exists source; -- vendor files as sent
create schema if not exists warehouse; -- clean data with history
create schema if not exists reporting; -- the published reports
create schema if not exists support; -- what the pipeline records about itself
create schema if not exists rebuild; -- where a new warehouse is built from source, next to the one in use

grant usage, create on schema source, warehouse, rebuild, reporting, support to marquee_pipeline;
grant usage on schema reporting to marquee_reader;
