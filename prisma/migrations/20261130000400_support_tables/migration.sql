-- What the pipeline records about itself: mapping, runs, builds, checks, audit.
-- What each table and column means is documented in prisma/support.prisma and stored in the database as comments.

-- The mapping, every version of it: a version is never changed after it was used.
create table support.mapping_version (
  number integer primary key,
  created_date timestamptz(6) not null default current_timestamp,
  author text not null,
  note text not null,
  content_hash text not null
);

create table support.data_mapping (
  mapping_version integer not null references support.mapping_version (number) on delete restrict on update cascade,
  position integer not null,
  end_schema text not null,
  end_table text not null,
  end_field text not null,
  end_data_type text not null,
  table_type text not null,
  source_schema text not null,
  source_table text not null,
  source_field text not null,
  source_data_type text not null,
  is_key boolean not null default false,
  transform text,
  retire_missing boolean not null default false,
  description text not null default '',
  primary key (mapping_version, position)
);
create unique index data_mapping_mapping_version_end_schema_end_table_end_field_key
  on support.data_mapping (mapping_version, end_schema, end_table, end_field);

-- Runs and their steps: the ledger that decides what was done, whatever the queue delivers.
create table support.run (
  id uuid not null default gen_random_uuid() primary key,
  kind text not null,
  state text not null,
  requested_by text not null,
  payload jsonb not null default '{}',
  idempotency_key text,
  job_id text,
  queue text,
  created_date timestamptz(6) not null default current_timestamp,
  started_date timestamptz(6),
  finished_date timestamptz(6),
  cancel_requested_date timestamptz(6),
  stage integer not null default -1,
  counts jsonb not null default '{}',
  error_code text,
  error text,
  publication integer,
  parent_run_id uuid references support.run (id) on delete set null on update cascade
);
create unique index run_idempotency_key_key on support.run (idempotency_key);
create index run_state_idx on support.run (state);
create index run_created_date_idx on support.run (created_date);

create table support.run_step (
  id bigserial primary key,
  run_id uuid not null references support.run (id) on delete restrict on update cascade,
  name text not null,
  job_name text not null,
  queue text not null,
  job_id text,
  attempt integer not null default 0,
  fence bigint not null default 0,
  state text not null,
  stage integer not null default 0,
  payload jsonb not null default '{}',
  depends_on text[] default array[]::text[],
  worker text,
  created_date timestamptz(6) not null default current_timestamp,
  started_date timestamptz(6),
  finished_date timestamptz(6),
  counts jsonb not null default '{}',
  error_code text,
  error text
);
create unique index run_step_run_id_name_key on support.run_step (run_id, name);

-- What became of each file, of each value that could not be used, and which rows were retired.
create table support.file_transform (
  file_id integer not null references source.file (id) on delete restrict on update cascade,
  table_name text not null,
  mapping_version integer not null references support.mapping_version (number) on delete restrict on update cascade,
  run_id uuid,
  created_date timestamptz(6) not null default current_timestamp,
  record_count integer not null default 0,
  inserted_count integer not null default 0,
  closed_count integer not null default 0,
  unchanged_count integer not null default 0,
  reject_count integer not null default 0,
  issue_count integer not null default 0,
  primary key (file_id, table_name)
);

create table support.issue (
  id bigserial primary key,
  file_id integer,
  record_number integer,
  table_name text,
  column_name text,
  value text,
  reason text not null,
  detail text not null,
  created_date timestamptz(6) not null default current_timestamp
);
create index issue_file_id_record_number_idx on support.issue (file_id, record_number);
create index issue_reason_idx on support.issue (reason);

create table support.retirement (
  id bigserial primary key,
  table_name text not null,
  row_key jsonb not null,
  period text,
  reason text not null,
  actor text not null,
  created_date timestamptz(6) not null default current_timestamp,
  restored_date timestamptz(6),
  restored_by text
);
create index retirement_table_name_idx on support.retirement (table_name);

-- Reports that are built but not yet published, and the warehouse state that each published report reflects.
create table support.report_build (
  report text primary key,
  run_id uuid,
  as_of_day date not null,
  definition_hash text not null,
  warehouse_state text not null,
  cleaned_until timestamptz(6),
  base_publication integer,
  row_count integer not null,
  created_date timestamptz(6) not null default current_timestamp,
  comparison jsonb,
  reflects jsonb not null
);

create table support.report_state (
  report text primary key,
  publication integer not null,
  as_of_day date not null,
  definition_hash text not null,
  cleaned text not null,
  retired text not null,
  cleaned_until timestamptz(6)
);

create table support.stock_state (
  stock text primary key,
  definition_hash text not null,
  cleaned text not null,
  retired text not null,
  cleaned_until timestamptz(6)
);

create table support.publication_state (
  publication integer primary key,
  built_date timestamptz(6) not null,
  retirements bigint[]
);

create table support.contribution_history (
  report text primary key,
  since integer not null
);

-- Checks and the audit.
create table support.check_result (
  id bigserial primary key,
  run_id uuid,
  publication integer,
  report text not null,
  check_name text not null,
  severity text not null,
  offender_count integer not null,
  offenders jsonb not null default '[]',
  created_date timestamptz(6) not null default current_timestamp,
  accepted_by text
);
create index check_result_run_id_idx on support.check_result (run_id);

create table support.audit_event (
  id bigserial primary key,
  created_date timestamptz(6) not null default current_timestamp,
  actor text not null,
  action text not null,
  arguments jsonb not null default '{}',
  outcome text not null,
  run_id uuid
);
create index audit_event_created_date_idx on support.audit_event (created_date);
