-- Clean, typed data with history: one row per version of an entity or a link.
-- What each table and column means is documented in prisma/warehouse.prisma and stored in the database as comments.
--
-- At most one row per natural key is live (not deleted). The partial unique indexes named *_live_key enforce this;
-- Prisma has no syntax for partial indexes and ignores them.

-- Entities

create table warehouse.movies (
  id bigserial primary key,
  movie_id integer not null,
  title text,
  adult boolean,
  budget numeric,
  homepage text,
  imdb_id text,
  original_language text,
  original_title text,
  overview text,
  popularity numeric,
  poster_path text,
  release_date date,
  revenue numeric,
  runtime numeric,
  tagline text,
  video boolean,
  vote_average numeric,
  vote_count integer,
  status text,
  file_id integer not null,
  record_number integer,
  valid_from date not null,
  valid_to date,
  created_date timestamptz(6) not null default current_timestamp,
  deleted_date timestamptz(6),
  deleted boolean not null default false
);
create index movies_movie_id_idx on warehouse.movies (movie_id);
create index movies_imdb_id_idx on warehouse.movies (imdb_id);
create unique index movies_live_key on warehouse.movies (movie_id) where not deleted;

create table warehouse.collections (
  version_id bigserial primary key,
  id integer not null,
  name text,
  poster_path text,
  backdrop_path text,
  file_id integer not null,
  record_number integer,
  valid_from date not null,
  valid_to date,
  created_date timestamptz(6) not null default current_timestamp,
  deleted_date timestamptz(6),
  deleted boolean not null default false
);
create index collections_id_idx on warehouse.collections (id);
create unique index collections_live_key on warehouse.collections (id) where not deleted;

create table warehouse.genres (
  version_id bigserial primary key,
  id integer not null,
  name text,
  file_id integer not null,
  record_number integer,
  valid_from date not null,
  valid_to date,
  created_date timestamptz(6) not null default current_timestamp,
  deleted_date timestamptz(6),
  deleted boolean not null default false
);
create index genres_id_idx on warehouse.genres (id);
create unique index genres_live_key on warehouse.genres (id) where not deleted;

create table warehouse.production_companies (
  version_id bigserial primary key,
  id integer not null,
  name text,
  file_id integer not null,
  record_number integer,
  valid_from date not null,
  valid_to date,
  created_date timestamptz(6) not null default current_timestamp,
  deleted_date timestamptz(6),
  deleted boolean not null default false
);
create index production_companies_id_idx on warehouse.production_companies (id);
create unique index production_companies_live_key on warehouse.production_companies (id) where not deleted;

create table warehouse.keywords (
  version_id bigserial primary key,
  id integer not null,
  name text,
  file_id integer not null,
  record_number integer,
  valid_from date not null,
  valid_to date,
  created_date timestamptz(6) not null default current_timestamp,
  deleted_date timestamptz(6),
  deleted boolean not null default false
);
create index keywords_id_idx on warehouse.keywords (id);
create unique index keywords_live_key on warehouse.keywords (id) where not deleted;

create table warehouse.cast_member (
  version_id bigserial primary key,
  id integer not null,
  name text,
  gender integer,
  profile_path text,
  file_id integer not null,
  record_number integer,
  valid_from date not null,
  valid_to date,
  created_date timestamptz(6) not null default current_timestamp,
  deleted_date timestamptz(6),
  deleted boolean not null default false
);
create index cast_member_id_idx on warehouse.cast_member (id);
create unique index cast_member_live_key on warehouse.cast_member (id) where not deleted;

create table warehouse.crew_member (
  version_id bigserial primary key,
  id integer not null,
  name text,
  gender integer,
  profile_path text,
  file_id integer not null,
  record_number integer,
  valid_from date not null,
  valid_to date,
  created_date timestamptz(6) not null default current_timestamp,
  deleted_date timestamptz(6),
  deleted boolean not null default false
);
create index crew_member_id_idx on warehouse.crew_member (id);
create unique index crew_member_live_key on warehouse.crew_member (id) where not deleted;

-- Countries and languages come from the ISO standards as well as from files; a row of a standard has no file.
create table warehouse.production_countries (
  version_id bigserial primary key,
  id text not null,
  name text,
  standard boolean not null default true,
  file_id integer,
  record_number integer,
  valid_from date,
  valid_to date,
  created_date timestamptz(6) not null default current_timestamp,
  deleted_date timestamptz(6),
  deleted boolean not null default false
);
create index production_countries_id_idx on warehouse.production_countries (id);
create unique index production_countries_live_key on warehouse.production_countries (id) where not deleted;

create table warehouse.spoken_languages (
  version_id bigserial primary key,
  id text not null,
  name text,
  standard boolean not null default true,
  file_id integer,
  record_number integer,
  valid_from date,
  valid_to date,
  created_date timestamptz(6) not null default current_timestamp,
  deleted_date timestamptz(6),
  deleted boolean not null default false
);
create index spoken_languages_id_idx on warehouse.spoken_languages (id);
create unique index spoken_languages_live_key on warehouse.spoken_languages (id) where not deleted;

-- Links between entities

create table warehouse.movie_collections (
  version_id bigserial primary key,
  movie_id integer not null,
  collection_id integer not null,
  file_id integer not null,
  record_number integer,
  valid_from date not null,
  valid_to date,
  created_date timestamptz(6) not null default current_timestamp,
  deleted_date timestamptz(6),
  deleted boolean not null default false
);
create index movie_collections_movie_id_collection_id_idx
  on warehouse.movie_collections (movie_id, collection_id);
create index movie_collections_collection_id_idx on warehouse.movie_collections (collection_id);
create unique index movie_collections_live_key
  on warehouse.movie_collections (movie_id, collection_id) where not deleted;

create table warehouse.movie_genres (
  version_id bigserial primary key,
  movie_id integer not null,
  genre_id integer not null,
  file_id integer not null,
  record_number integer,
  valid_from date not null,
  valid_to date,
  created_date timestamptz(6) not null default current_timestamp,
  deleted_date timestamptz(6),
  deleted boolean not null default false
);
create index movie_genres_movie_id_genre_id_idx on warehouse.movie_genres (movie_id, genre_id);
create index movie_genres_genre_id_idx on warehouse.movie_genres (genre_id);
create unique index movie_genres_live_key on warehouse.movie_genres (movie_id, genre_id) where not deleted;

create table warehouse.movie_production_companies (
  version_id bigserial primary key,
  movie_id integer not null,
  production_company_id integer not null,
  file_id integer not null,
  record_number integer,
  valid_from date not null,
  valid_to date,
  created_date timestamptz(6) not null default current_timestamp,
  deleted_date timestamptz(6),
  deleted boolean not null default false
);
create index movie_production_companies_movie_id_production_company_id_idx
  on warehouse.movie_production_companies (movie_id, production_company_id);
create index movie_production_companies_production_company_id_idx
  on warehouse.movie_production_companies (production_company_id);
create unique index movie_production_companies_live_key
  on warehouse.movie_production_companies (movie_id, production_company_id) where not deleted;

create table warehouse.movie_production_countries (
  version_id bigserial primary key,
  movie_id integer not null,
  production_country_id text not null,
  file_id integer not null,
  record_number integer,
  valid_from date not null,
  valid_to date,
  created_date timestamptz(6) not null default current_timestamp,
  deleted_date timestamptz(6),
  deleted boolean not null default false
);
create index movie_production_countries_movie_id_production_country_id_idx
  on warehouse.movie_production_countries (movie_id, production_country_id);
create index movie_production_countries_production_country_id_idx
  on warehouse.movie_production_countries (production_country_id);
create unique index movie_production_countries_live_key
  on warehouse.movie_production_countries (movie_id, production_country_id) where not deleted;

create table warehouse.movie_spoken_languages (
  version_id bigserial primary key,
  movie_id integer not null,
  spoken_language_id text not null,
  file_id integer not null,
  record_number integer,
  valid_from date not null,
  valid_to date,
  created_date timestamptz(6) not null default current_timestamp,
  deleted_date timestamptz(6),
  deleted boolean not null default false
);
create index movie_spoken_languages_movie_id_spoken_language_id_idx
  on warehouse.movie_spoken_languages (movie_id, spoken_language_id);
create index movie_spoken_languages_spoken_language_id_idx
  on warehouse.movie_spoken_languages (spoken_language_id);
create unique index movie_spoken_languages_live_key
  on warehouse.movie_spoken_languages (movie_id, spoken_language_id) where not deleted;

create table warehouse.movie_keywords (
  version_id bigserial primary key,
  movie_id integer not null,
  keyword_id integer not null,
  file_id integer not null,
  record_number integer,
  valid_from date not null,
  valid_to date,
  created_date timestamptz(6) not null default current_timestamp,
  deleted_date timestamptz(6),
  deleted boolean not null default false
);
create index movie_keywords_movie_id_keyword_id_idx on warehouse.movie_keywords (movie_id, keyword_id);
create index movie_keywords_keyword_id_idx on warehouse.movie_keywords (keyword_id);
create unique index movie_keywords_live_key
  on warehouse.movie_keywords (movie_id, keyword_id) where not deleted;

create table warehouse.movie_cast_members (
  version_id bigserial primary key,
  credit_id text not null,
  movie_id integer not null,
  cast_member_id integer,
  cast_id integer,
  character text,
  credit_order integer,
  file_id integer not null,
  record_number integer,
  valid_from date not null,
  valid_to date,
  created_date timestamptz(6) not null default current_timestamp,
  deleted_date timestamptz(6),
  deleted boolean not null default false
);
create index movie_cast_members_credit_id_idx on warehouse.movie_cast_members (credit_id);
create index movie_cast_members_movie_id_idx on warehouse.movie_cast_members (movie_id);
create index movie_cast_members_cast_member_id_idx on warehouse.movie_cast_members (cast_member_id);
create unique index movie_cast_members_live_key on warehouse.movie_cast_members (credit_id) where not deleted;

create table warehouse.movie_crew_members (
  version_id bigserial primary key,
  credit_id text not null,
  movie_id integer not null,
  crew_member_id integer,
  department text,
  job text,
  file_id integer not null,
  record_number integer,
  valid_from date not null,
  valid_to date,
  created_date timestamptz(6) not null default current_timestamp,
  deleted_date timestamptz(6),
  deleted boolean not null default false
);
create index movie_crew_members_credit_id_idx on warehouse.movie_crew_members (credit_id);
create index movie_crew_members_movie_id_idx on warehouse.movie_crew_members (movie_id);
create index movie_crew_members_crew_member_id_idx on warehouse.movie_crew_members (crew_member_id);
create unique index movie_crew_members_live_key on warehouse.movie_crew_members (credit_id) where not deleted;

create table warehouse.movie_links (
  version_id bigserial primary key,
  movielens_id integer not null,
  imdb_id text,
  movie_id integer,
  file_id integer not null,
  record_number integer,
  valid_from date not null,
  valid_to date,
  created_date timestamptz(6) not null default current_timestamp,
  deleted_date timestamptz(6),
  deleted boolean not null default false
);
create index movie_links_movielens_id_idx on warehouse.movie_links (movielens_id);
create index movie_links_movie_id_idx on warehouse.movie_links (movie_id);
create unique index movie_links_live_key on warehouse.movie_links (movielens_id) where not deleted;

-- Ratings

-- There are 26 million ratings with little history, so the table has no surrogate key and is partitioned by whether a row
-- is live. A first load replaces the partitions of live rows with tables that it filled separately; a row that is no longer
-- live moves to the closed partition. The columns are ordered so that little space is lost to alignment.
create table warehouse.movie_ratings (
  rating_timestamp timestamptz(6),
  movielens_id integer not null,
  record_number integer,
  rater_id bigint not null,
  rating numeric,
  file_id integer not null,
  valid_from date not null,
  valid_to date,
  created_date timestamptz(6) not null default current_timestamp,
  deleted_date timestamptz(6),
  deleted boolean not null default false
) partition by list (deleted);

-- Live ratings are split in two ranges of raters that are filled in parallel. The ids are hashes and spread evenly, so the
-- middle of the range of bigint splits them in half.
create table warehouse.movie_ratings_live partition of warehouse.movie_ratings
  for values in (false) partition by range (rater_id);
create table warehouse.movie_ratings_live_1 partition of warehouse.movie_ratings_live
  for values from (minvalue) to (4611686018427387904);
create table warehouse.movie_ratings_live_2 partition of warehouse.movie_ratings_live
  for values from (4611686018427387904) to (maxvalue);
create table warehouse.movie_ratings_closed partition of warehouse.movie_ratings for values in (true);

create unique index movie_ratings_live_key on warehouse.movie_ratings_live (rater_id, movielens_id);
create index movie_ratings_closed_key on warehouse.movie_ratings_closed (rater_id, movielens_id);

-- Finds the rows that changed in a period. The index of the live partition has an explicit name because databases of
-- version 0.1.0 have it under this one; the index of the whole table, created next, takes it over.
create index movie_ratings_live_created_date_deleted_date_idx1
  on warehouse.movie_ratings_live using brin (created_date, deleted_date);
create index movie_ratings_changes on warehouse.movie_ratings using brin (created_date, deleted_date);
