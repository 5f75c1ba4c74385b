-- What each role may do with the tables: each sees what its work needs and no more.

-- The pipeline attaches partitions, swaps rebuilt tables and analyzes what it published, which only an owner can do.
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

-- The defaults give later migrations' tables the same rights.
grant select, insert, update, delete on all tables in schema reporting, support to marquee_pipeline;
grant usage, select on all sequences in schema reporting, support to marquee_pipeline;
alter default privileges in schema reporting, support
  grant select, insert, update, delete on tables to marquee_pipeline;
alter default privileges in schema reporting, support
  grant usage, select on sequences to marquee_pipeline;

grant select on all tables in schema reporting to marquee_reader;
alter default privileges in schema reporting grant select on tables to marquee_reader;
