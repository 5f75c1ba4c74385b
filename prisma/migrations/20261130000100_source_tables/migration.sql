-- Vendor files exactly as sent, and the ledger of what was loaded.
-- What each table and column means is documented in prisma/source.prisma and stored in the database as comments.

-- One row per vendor file. The unique index on the content hash ensures that no content is loaded twice.
create table source.file (
  id serial primary key,
  name text not null,
  feed text not null,
  period text not null,
  sha256 text not null,
  size_bytes bigint not null,
  record_count integer,
  reject_count integer,
  state text not null,
  ingested_date timestamptz(6),
  backup_name text,
  content_path text,
  content_date timestamptz(6),
  accepted_by text,
  header text[],
  warnings jsonb not null default '[]',
  run_id uuid,
  created_date timestamptz(6) not null default current_timestamp,
  plain_numbers boolean
);
create index file_feed_period_idx on source.file (feed, period);
create unique index file_sha256_key on source.file (sha256);

-- A file is loaded in parts, one transaction each.
create table source.part (
  file_id integer not null references source.file (id) on delete restrict on update cascade,
  part_number integer not null,
  byte_start bigint not null,
  byte_end bigint not null,
  first_record integer not null,
  first_line integer not null,
  record_count integer not null,
  method text not null default 'copy',
  state text not null,
  loaded_count integer,
  reject_count integer,
  loaded_date timestamptz(6),
  primary key (file_id, part_number)
);

-- Records that were not accepted.
create table source.reject (
  id bigserial primary key,
  file_id integer not null references source.file (id) on delete restrict on update cascade,
  feed text not null,
  record_number integer not null,
  line_number integer not null,
  raw text not null,
  raw_encoding text not null default 'text',
  reason text not null,
  detail text not null,
  created_date timestamptz(6) not null default current_timestamp,
  replayed_date timestamptz(6)
);
create index reject_file_id_record_number_idx on source.reject (file_id, record_number);
create index reject_feed_reason_idx on source.reject (feed, reason);

-- One table per feed. Every value is text, so that a load never fails on a value.
-- The tables are partitioned by file: attaching a partition makes a whole file visible at once.

create table source.src_movies_metadata (
  adult text,
  belongs_to_collection text,
  budget text,
  genres text,
  homepage text,
  id text,
  imdb_id text,
  original_language text,
  original_title text,
  overview text,
  popularity text,
  poster_path text,
  production_companies text,
  production_countries text,
  release_date text,
  revenue text,
  runtime text,
  spoken_languages text,
  status text,
  tagline text,
  title text,
  video text,
  vote_average text,
  vote_count text,
  extra jsonb,
  file_id integer not null,
  record_number integer not null,
  created_date timestamptz(6) not null
) partition by list (file_id);

create table source.src_credits (
  "cast" text,
  crew text,
  id text,
  extra jsonb,
  file_id integer not null,
  record_number integer not null,
  created_date timestamptz(6) not null
) partition by list (file_id);

create table source.src_keywords (
  id text,
  keywords text,
  extra jsonb,
  file_id integer not null,
  record_number integer not null,
  created_date timestamptz(6) not null
) partition by list (file_id);

create table source.src_links (
  "movieId" text,
  "imdbId" text,
  "tmdbId" text,
  extra jsonb,
  file_id integer not null,
  record_number integer not null,
  created_date timestamptz(6) not null
) partition by list (file_id);

create table source.src_ratings (
  "userId" text,
  "movieId" text,
  rating text,
  timestamp text,
  extra jsonb,
  file_id integer not null,
  record_number integer not null,
  created_date timestamptz(6) not null
) partition by list (file_id);
