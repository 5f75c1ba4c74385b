-- The reports and what is published about them: the only schema that the API and BI tools can read.
-- The columns of the reports are documented in src/dataset/reports, those of the other tables in prisma/reporting.prisma.

create table reporting.production_company_report (
  production_company_id integer not null,
  production_company_name text,
  year integer not null,
  budget numeric,
  revenue numeric,
  profit numeric,
  budget_share numeric,
  revenue_share numeric,
  profit_share numeric,
  release_count integer not null,
  average_popularity numeric,
  budget_movie_count integer not null,
  revenue_movie_count integer not null,
  profit_movie_count integer not null,
  unreleased_budget numeric,
  primary key (production_company_id, year)
);
create index production_company_report_year_production_company_id_idx
  on reporting.production_company_report (year, production_company_id);

create table reporting.production_company_genre_report (
  production_company_id integer not null,
  production_company_name text,
  year integer not null,
  genre_id integer not null,
  genre_name text,
  budget numeric,
  revenue numeric,
  profit numeric,
  budget_share numeric,
  revenue_share numeric,
  profit_share numeric,
  release_count integer not null,
  average_popularity numeric,
  budget_movie_count integer not null,
  revenue_movie_count integer not null,
  profit_movie_count integer not null,
  unreleased_budget numeric,
  primary key (production_company_id, year, genre_id)
);
create index production_company_genre_report_year_genre_id_idx
  on reporting.production_company_genre_report (year, genre_id);
create index production_company_genre_report_genre_id_year_idx
  on reporting.production_company_genre_report (genre_id, year);

create table reporting.genre_report (
  year integer not null,
  genre_id integer not null,
  genre_name text,
  budget numeric,
  revenue numeric,
  profit numeric,
  release_count integer not null,
  average_popularity numeric,
  budget_movie_count integer not null,
  revenue_movie_count integer not null,
  profit_movie_count integer not null,
  unreleased_budget numeric,
  popularity_rank integer not null,
  primary key (year, genre_id)
);
create index genre_report_genre_id_year_idx on reporting.genre_report (genre_id, year);
create index genre_report_year_popularity_rank_idx on reporting.genre_report (year, popularity_rank);

create table reporting.movie_genre_report (
  genre_id integer not null,
  genre_name text,
  movie_id integer not null,
  movie_name text,
  budget numeric,
  revenue numeric,
  profit numeric,
  release_date date,
  source_file text not null,
  source_record integer not null,
  primary key (genre_id, movie_id)
);
create index movie_genre_report_movie_id_idx on reporting.movie_genre_report (movie_id);

create table reporting.production_company_movies_report (
  production_company_id integer not null,
  production_company_name text,
  movie_id integer not null,
  movie_name text,
  budget numeric,
  revenue numeric,
  profit numeric,
  budget_share numeric,
  revenue_share numeric,
  profit_share numeric,
  release_date date,
  source_file text not null,
  source_record integer not null,
  primary key (production_company_id, movie_id)
);
create index production_company_movies_report_movie_id_idx
  on reporting.production_company_movies_report (movie_id);

create table reporting.movie_score_report (
  movie_id integer primary key,
  movie_name text,
  reported_vote_average numeric,
  reported_vote_count integer not null,
  calculated_vote_average numeric,
  calculated_vote_count integer not null,
  movie_score numeric,
  budget numeric,
  revenue numeric,
  profit numeric,
  release_date date,
  source_file text not null,
  source_record integer not null
);
create index movie_score_report_movie_score_idx on reporting.movie_score_report (movie_score);

-- One row per publication; all reports are replaced in the transaction that inserts it.
create table reporting.publication (
  number integer primary key,
  published_date timestamptz(6) not null default current_timestamp,
  run_id uuid,
  reason text not null default 'load',
  as_of_day date not null,
  period text not null,
  drops jsonb not null,
  mapping_version integer not null,
  row_counts jsonb not null,
  changes jsonb not null default '{}',
  check_state text not null,
  checks jsonb not null default '[]',
  definitions jsonb not null default '{}',
  restores integer
);

-- How each publication changed the reports, and why.
create table reporting.report_change (
  id bigserial primary key,
  publication integer not null,
  report text not null,
  row_key jsonb not null,
  change text not null,
  column_name text,
  old_value text,
  new_value text,
  cause jsonb not null default '[]'
);
create index report_change_report_publication_idx on reporting.report_change (report, publication);

-- What there is to read, for users and tools that look by SQL.
create table reporting.report_catalog (
  report text primary key,
  description text not null,
  grain text not null,
  key_columns text[],
  questions text[],
  row_count integer not null,
  publication integer,
  changed_date timestamptz(6)
);

create table reporting.data_dictionary (
  schema_name text not null,
  table_name text not null,
  column_name text not null,
  position integer not null,
  data_type text not null,
  unit text,
  description text not null,
  origin text,
  primary key (schema_name, table_name, column_name)
);
