-- Schedules that operators add. The queue has a copy, which is made again from here when it is lost.

create table support.schedule (
  name text not null,
  action text not null,
  arguments jsonb not null default '{}',
  cron text not null,
  time_zone text not null,
  paused boolean not null default false,
  created_date timestamptz(6) not null default current_timestamp,
  created_by text not null,
  active_date timestamptz(6) not null default current_timestamp,
  last_due_date timestamptz(6),
  last_run_id uuid,
  last_error text,
  missed_count integer not null default 0,
  constraint schedule_pkey primary key (name)
);
