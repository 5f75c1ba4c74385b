-- A role for BI tools that is not the role of the API: its password can be handed out and changed without touching the API.
-- And an audit that the pipeline can add to, but not rewrite.
--
-- `marquee migrate` sets the settings of all roles (read-only, timeouts, search path): see role-settings.ts.

do $$
begin
  begin
    if not exists (select from pg_roles where rolname = 'marquee_bi') then
      create role marquee_bi login;
    end if;
  exception when duplicate_object or unique_violation then
    null; -- another database on the server was migrated at the same moment
  end;
  if not (select rolsuper from pg_roles where rolname = current_user) then
    grant marquee_bi to current_user;
  end if;
  execute format('grant connect on database %I to marquee_bi', current_database());
end
$$;

grant usage on schema reporting to marquee_bi;
grant select on all tables in schema reporting to marquee_bi;
alter default privileges in schema reporting grant select on tables to marquee_bi;

-- `pg_dump --schema=reporting` also reads the sequences.
grant select on all sequences in schema reporting to marquee_bi, marquee_reader;
alter default privileges in schema reporting grant select on sequences to marquee_bi, marquee_reader;

revoke update, delete, truncate on support.audit_event from marquee_pipeline;
