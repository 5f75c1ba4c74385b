-- The model as the schema files have it, written by the schema engine, with two things by hand
-- that Prisma has no words for: the source tables are partitioned by file (a load becomes visible
-- by attaching its partition), the ratings by whether they are live (26 million rows and little history).

-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "reporting";

-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "source";

-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "support";

-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "warehouse";

-- CreateTable
CREATE TABLE "reporting"."production_company_report" (
    "production_company_id" INTEGER NOT NULL,
    "production_company_name" TEXT,
    "year" INTEGER NOT NULL,
    "budget" DECIMAL,
    "revenue" DECIMAL,
    "profit" DECIMAL,
    "budget_share" DECIMAL,
    "revenue_share" DECIMAL,
    "profit_share" DECIMAL,
    "release_count" INTEGER NOT NULL,
    "average_popularity" DECIMAL,
    "budget_movie_count" INTEGER NOT NULL,
    "revenue_movie_count" INTEGER NOT NULL,
    "profit_movie_count" INTEGER NOT NULL,
    "unreleased_budget" DECIMAL,

    CONSTRAINT "production_company_report_pkey" PRIMARY KEY ("production_company_id","year")
);

-- CreateTable
CREATE TABLE "reporting"."production_company_genre_report" (
    "production_company_id" INTEGER NOT NULL,
    "production_company_name" TEXT,
    "year" INTEGER NOT NULL,
    "genre_id" INTEGER NOT NULL,
    "genre_name" TEXT,
    "budget" DECIMAL,
    "revenue" DECIMAL,
    "profit" DECIMAL,
    "budget_share" DECIMAL,
    "revenue_share" DECIMAL,
    "profit_share" DECIMAL,
    "release_count" INTEGER NOT NULL,
    "average_popularity" DECIMAL,
    "budget_movie_count" INTEGER NOT NULL,
    "revenue_movie_count" INTEGER NOT NULL,
    "profit_movie_count" INTEGER NOT NULL,
    "unreleased_budget" DECIMAL,

    CONSTRAINT "production_company_genre_report_pkey" PRIMARY KEY ("production_company_id","year","genre_id")
);

-- CreateTable
CREATE TABLE "reporting"."genre_report" (
    "year" INTEGER NOT NULL,
    "genre_id" INTEGER NOT NULL,
    "genre_name" TEXT,
    "budget" DECIMAL,
    "revenue" DECIMAL,
    "profit" DECIMAL,
    "release_count" INTEGER NOT NULL,
    "average_popularity" DECIMAL,
    "budget_movie_count" INTEGER NOT NULL,
    "revenue_movie_count" INTEGER NOT NULL,
    "profit_movie_count" INTEGER NOT NULL,
    "unreleased_budget" DECIMAL,
    "popularity_rank" INTEGER NOT NULL,

    CONSTRAINT "genre_report_pkey" PRIMARY KEY ("year","genre_id")
);

-- CreateTable
CREATE TABLE "reporting"."movie_genre_report" (
    "genre_id" INTEGER NOT NULL,
    "genre_name" TEXT,
    "movie_id" INTEGER NOT NULL,
    "movie_name" TEXT,
    "budget" DECIMAL,
    "revenue" DECIMAL,
    "profit" DECIMAL,
    "release_date" DATE,
    "source_file" TEXT NOT NULL,
    "source_record" INTEGER NOT NULL,

    CONSTRAINT "movie_genre_report_pkey" PRIMARY KEY ("genre_id","movie_id")
);

-- CreateTable
CREATE TABLE "reporting"."production_company_movies_report" (
    "production_company_id" INTEGER NOT NULL,
    "production_company_name" TEXT,
    "movie_id" INTEGER NOT NULL,
    "movie_name" TEXT,
    "budget" DECIMAL,
    "revenue" DECIMAL,
    "profit" DECIMAL,
    "budget_share" DECIMAL,
    "revenue_share" DECIMAL,
    "profit_share" DECIMAL,
    "release_date" DATE,
    "source_file" TEXT NOT NULL,
    "source_record" INTEGER NOT NULL,

    CONSTRAINT "production_company_movies_report_pkey" PRIMARY KEY ("production_company_id","movie_id")
);

-- CreateTable
CREATE TABLE "reporting"."movie_score_report" (
    "movie_id" INTEGER NOT NULL,
    "movie_name" TEXT,
    "reported_vote_average" DECIMAL,
    "reported_vote_count" INTEGER NOT NULL,
    "calculated_vote_average" DECIMAL,
    "calculated_vote_count" INTEGER NOT NULL,
    "movie_score" DECIMAL,
    "budget" DECIMAL,
    "revenue" DECIMAL,
    "profit" DECIMAL,
    "release_date" DATE,
    "source_file" TEXT NOT NULL,
    "source_record" INTEGER NOT NULL,

    CONSTRAINT "movie_score_report_pkey" PRIMARY KEY ("movie_id")
);

-- CreateTable
CREATE TABLE "reporting"."publication" (
    "number" INTEGER NOT NULL,
    "published_date" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "run_id" UUID,
    "reason" TEXT NOT NULL DEFAULT 'load',
    "as_of_day" DATE NOT NULL,
    "period" TEXT NOT NULL,
    "drops" JSONB NOT NULL,
    "mapping_version" INTEGER NOT NULL,
    "row_counts" JSONB NOT NULL,
    "changes" JSONB NOT NULL DEFAULT '{}',
    "check_state" TEXT NOT NULL,
    "checks" JSONB NOT NULL DEFAULT '[]',
    "definitions" JSONB NOT NULL DEFAULT '{}',
    "restores" INTEGER,

    CONSTRAINT "publication_pkey" PRIMARY KEY ("number")
);

-- CreateTable
CREATE TABLE "reporting"."report_change" (
    "id" BIGSERIAL NOT NULL,
    "publication" INTEGER NOT NULL,
    "report" TEXT NOT NULL,
    "row_key" JSONB NOT NULL,
    "change" TEXT NOT NULL,
    "column_name" TEXT,
    "old_value" TEXT,
    "new_value" TEXT,
    "cause" JSONB NOT NULL DEFAULT '[]',

    CONSTRAINT "report_change_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "reporting"."report_catalog" (
    "report" TEXT NOT NULL,
    "description" TEXT NOT NULL,
    "grain" TEXT NOT NULL,
    "key_columns" TEXT[],
    "questions" TEXT[],
    "row_count" INTEGER NOT NULL,
    "publication" INTEGER,
    "changed_date" TIMESTAMPTZ(6),

    CONSTRAINT "report_catalog_pkey" PRIMARY KEY ("report")
);

-- CreateTable
CREATE TABLE "reporting"."data_dictionary" (
    "schema_name" TEXT NOT NULL,
    "table_name" TEXT NOT NULL,
    "column_name" TEXT NOT NULL,
    "position" INTEGER NOT NULL,
    "data_type" TEXT NOT NULL,
    "unit" TEXT,
    "description" TEXT NOT NULL,
    "origin" TEXT,

    CONSTRAINT "data_dictionary_pkey" PRIMARY KEY ("schema_name","table_name","column_name")
);

-- CreateTable
CREATE TABLE "source"."file" (
    "id" SERIAL NOT NULL,
    "name" TEXT NOT NULL,
    "feed" TEXT NOT NULL,
    "period" TEXT NOT NULL,
    "sha256" TEXT NOT NULL,
    "size_bytes" BIGINT NOT NULL,
    "record_count" INTEGER,
    "reject_count" INTEGER,
    "state" TEXT NOT NULL,
    "ingested_date" TIMESTAMPTZ(6),
    "backup_name" TEXT,
    "content_path" TEXT,
    "content_date" TIMESTAMPTZ(6),
    "accepted_by" TEXT,
    "header" TEXT[],
    "warnings" JSONB NOT NULL DEFAULT '[]',
    "run_id" UUID,
    "created_date" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "file_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "source"."part" (
    "file_id" INTEGER NOT NULL,
    "part_number" INTEGER NOT NULL,
    "byte_start" BIGINT NOT NULL,
    "byte_end" BIGINT NOT NULL,
    "first_record" INTEGER NOT NULL,
    "first_line" INTEGER NOT NULL,
    "record_count" INTEGER NOT NULL,
    "method" TEXT NOT NULL DEFAULT 'copy',
    "state" TEXT NOT NULL,
    "loaded_count" INTEGER,
    "reject_count" INTEGER,
    "loaded_date" TIMESTAMPTZ(6),

    CONSTRAINT "part_pkey" PRIMARY KEY ("file_id","part_number")
);

-- CreateTable
CREATE TABLE "source"."reject" (
    "id" BIGSERIAL NOT NULL,
    "file_id" INTEGER NOT NULL,
    "feed" TEXT NOT NULL,
    "record_number" INTEGER NOT NULL,
    "line_number" INTEGER NOT NULL,
    "raw" TEXT NOT NULL,
    "raw_encoding" TEXT NOT NULL DEFAULT 'text',
    "reason" TEXT NOT NULL,
    "detail" TEXT NOT NULL,
    "created_date" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "replayed_date" TIMESTAMPTZ(6),

    CONSTRAINT "reject_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "source"."src_movies_metadata" (
    "adult" TEXT,
    "belongs_to_collection" TEXT,
    "budget" TEXT,
    "genres" TEXT,
    "homepage" TEXT,
    "id" TEXT,
    "imdb_id" TEXT,
    "original_language" TEXT,
    "original_title" TEXT,
    "overview" TEXT,
    "popularity" TEXT,
    "poster_path" TEXT,
    "production_companies" TEXT,
    "production_countries" TEXT,
    "release_date" TEXT,
    "revenue" TEXT,
    "runtime" TEXT,
    "spoken_languages" TEXT,
    "status" TEXT,
    "tagline" TEXT,
    "title" TEXT,
    "video" TEXT,
    "vote_average" TEXT,
    "vote_count" TEXT,
    "extra" JSONB,
    "file_id" INTEGER NOT NULL,
    "record_number" INTEGER NOT NULL,
    "created_date" TIMESTAMPTZ(6) NOT NULL
) PARTITION BY LIST ("file_id");

-- CreateTable
CREATE TABLE "source"."src_credits" (
    "cast" TEXT,
    "crew" TEXT,
    "id" TEXT,
    "extra" JSONB,
    "file_id" INTEGER NOT NULL,
    "record_number" INTEGER NOT NULL,
    "created_date" TIMESTAMPTZ(6) NOT NULL
) PARTITION BY LIST ("file_id");

-- CreateTable
CREATE TABLE "source"."src_keywords" (
    "id" TEXT,
    "keywords" TEXT,
    "extra" JSONB,
    "file_id" INTEGER NOT NULL,
    "record_number" INTEGER NOT NULL,
    "created_date" TIMESTAMPTZ(6) NOT NULL
) PARTITION BY LIST ("file_id");

-- CreateTable
CREATE TABLE "source"."src_links" (
    "movieId" TEXT,
    "imdbId" TEXT,
    "tmdbId" TEXT,
    "extra" JSONB,
    "file_id" INTEGER NOT NULL,
    "record_number" INTEGER NOT NULL,
    "created_date" TIMESTAMPTZ(6) NOT NULL
) PARTITION BY LIST ("file_id");

-- CreateTable
CREATE TABLE "source"."src_ratings" (
    "userId" TEXT,
    "movieId" TEXT,
    "rating" TEXT,
    "timestamp" TEXT,
    "extra" JSONB,
    "file_id" INTEGER NOT NULL,
    "record_number" INTEGER NOT NULL,
    "created_date" TIMESTAMPTZ(6) NOT NULL
) PARTITION BY LIST ("file_id");

-- CreateTable
CREATE TABLE "support"."mapping_version" (
    "number" INTEGER NOT NULL,
    "created_date" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "author" TEXT NOT NULL,
    "note" TEXT NOT NULL,
    "content_hash" TEXT NOT NULL,

    CONSTRAINT "mapping_version_pkey" PRIMARY KEY ("number")
);

-- CreateTable
CREATE TABLE "support"."data_mapping" (
    "mapping_version" INTEGER NOT NULL,
    "position" INTEGER NOT NULL,
    "end_schema" TEXT NOT NULL,
    "end_table" TEXT NOT NULL,
    "end_field" TEXT NOT NULL,
    "end_data_type" TEXT NOT NULL,
    "table_type" TEXT NOT NULL,
    "source_schema" TEXT NOT NULL,
    "source_table" TEXT NOT NULL,
    "source_field" TEXT NOT NULL,
    "source_data_type" TEXT NOT NULL,
    "is_key" BOOLEAN NOT NULL DEFAULT false,
    "transform" TEXT,
    "retire_missing" BOOLEAN NOT NULL DEFAULT false,
    "description" TEXT NOT NULL DEFAULT '',

    CONSTRAINT "data_mapping_pkey" PRIMARY KEY ("mapping_version","position")
);

-- CreateTable
CREATE TABLE "support"."run" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "kind" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "requested_by" TEXT NOT NULL,
    "payload" JSONB NOT NULL DEFAULT '{}',
    "idempotency_key" TEXT,
    "job_id" TEXT,
    "queue" TEXT,
    "created_date" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "started_date" TIMESTAMPTZ(6),
    "finished_date" TIMESTAMPTZ(6),
    "cancel_requested_date" TIMESTAMPTZ(6),
    "stage" INTEGER NOT NULL DEFAULT -1,
    "counts" JSONB NOT NULL DEFAULT '{}',
    "error_code" TEXT,
    "error" TEXT,
    "publication" INTEGER,
    "parent_run_id" UUID,

    CONSTRAINT "run_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "support"."run_step" (
    "id" BIGSERIAL NOT NULL,
    "run_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "job_name" TEXT NOT NULL,
    "queue" TEXT NOT NULL,
    "job_id" TEXT,
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "fence" BIGINT NOT NULL DEFAULT 0,
    "state" TEXT NOT NULL,
    "stage" INTEGER NOT NULL DEFAULT 0,
    "payload" JSONB NOT NULL DEFAULT '{}',
    "depends_on" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "worker" TEXT,
    "created_date" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "started_date" TIMESTAMPTZ(6),
    "finished_date" TIMESTAMPTZ(6),
    "counts" JSONB NOT NULL DEFAULT '{}',
    "error_code" TEXT,
    "error" TEXT,

    CONSTRAINT "run_step_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "support"."file_transform" (
    "file_id" INTEGER NOT NULL,
    "table_name" TEXT NOT NULL,
    "mapping_version" INTEGER NOT NULL,
    "run_id" UUID,
    "created_date" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "record_count" INTEGER NOT NULL DEFAULT 0,
    "inserted_count" INTEGER NOT NULL DEFAULT 0,
    "closed_count" INTEGER NOT NULL DEFAULT 0,
    "unchanged_count" INTEGER NOT NULL DEFAULT 0,
    "reject_count" INTEGER NOT NULL DEFAULT 0,
    "issue_count" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "file_transform_pkey" PRIMARY KEY ("file_id","table_name")
);

-- CreateTable
CREATE TABLE "support"."issue" (
    "id" BIGSERIAL NOT NULL,
    "file_id" INTEGER,
    "record_number" INTEGER,
    "table_name" TEXT,
    "column_name" TEXT,
    "value" TEXT,
    "reason" TEXT NOT NULL,
    "detail" TEXT NOT NULL,
    "created_date" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "issue_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "support"."report_build" (
    "report" TEXT NOT NULL,
    "run_id" UUID,
    "as_of_day" DATE NOT NULL,
    "definition_hash" TEXT NOT NULL,
    "warehouse_state" TEXT NOT NULL,
    "cleaned_until" TIMESTAMPTZ(6),
    "base_publication" INTEGER,
    "row_count" INTEGER NOT NULL,
    "created_date" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "report_build_pkey" PRIMARY KEY ("report")
);

-- CreateTable
CREATE TABLE "support"."report_state" (
    "report" TEXT NOT NULL,
    "publication" INTEGER NOT NULL,
    "as_of_day" DATE NOT NULL,
    "definition_hash" TEXT NOT NULL,
    "cleaned" TEXT NOT NULL,
    "retired" TEXT NOT NULL,
    "cleaned_until" TIMESTAMPTZ(6),

    CONSTRAINT "report_state_pkey" PRIMARY KEY ("report")
);

-- CreateTable
CREATE TABLE "support"."stock_state" (
    "stock" TEXT NOT NULL,
    "definition_hash" TEXT NOT NULL,
    "cleaned" TEXT NOT NULL,
    "retired" TEXT NOT NULL,
    "cleaned_until" TIMESTAMPTZ(6),

    CONSTRAINT "stock_state_pkey" PRIMARY KEY ("stock")
);

-- CreateTable
CREATE TABLE "support"."contribution_change" (
    "id" BIGSERIAL NOT NULL,
    "publication" INTEGER NOT NULL,
    "report" TEXT NOT NULL,
    "row_key" JSONB NOT NULL,
    "entity" INTEGER NOT NULL,
    "old_row" JSONB,
    "new_row" JSONB,

    CONSTRAINT "contribution_change_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "support"."check_result" (
    "id" BIGSERIAL NOT NULL,
    "run_id" UUID,
    "publication" INTEGER,
    "report" TEXT NOT NULL,
    "check_name" TEXT NOT NULL,
    "severity" TEXT NOT NULL,
    "offender_count" INTEGER NOT NULL,
    "offenders" JSONB NOT NULL DEFAULT '[]',
    "created_date" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "check_result_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "support"."audit_event" (
    "id" BIGSERIAL NOT NULL,
    "created_date" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "actor" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "arguments" JSONB NOT NULL DEFAULT '{}',
    "outcome" TEXT NOT NULL,
    "run_id" UUID,

    CONSTRAINT "audit_event_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "support"."retirement" (
    "id" BIGSERIAL NOT NULL,
    "table_name" TEXT NOT NULL,
    "row_key" JSONB NOT NULL,
    "period" TEXT,
    "reason" TEXT NOT NULL,
    "actor" TEXT NOT NULL,
    "created_date" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "restored_date" TIMESTAMPTZ(6),
    "restored_by" TEXT,

    CONSTRAINT "retirement_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "warehouse"."movies" (
    "id" BIGSERIAL NOT NULL,
    "movie_id" INTEGER NOT NULL,
    "title" TEXT,
    "adult" BOOLEAN,
    "budget" DECIMAL,
    "homepage" TEXT,
    "imdb_id" TEXT,
    "original_language" TEXT,
    "original_title" TEXT,
    "overview" TEXT,
    "popularity" DECIMAL,
    "poster_path" TEXT,
    "release_date" DATE,
    "revenue" DECIMAL,
    "runtime" DECIMAL,
    "tagline" TEXT,
    "video" BOOLEAN,
    "vote_average" DECIMAL,
    "vote_count" INTEGER,
    "status" TEXT,
    "file_id" INTEGER NOT NULL,
    "record_number" INTEGER,
    "valid_from" DATE NOT NULL,
    "valid_to" DATE,
    "created_date" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deleted_date" TIMESTAMPTZ(6),
    "deleted" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "movies_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "warehouse"."collections" (
    "version_id" BIGSERIAL NOT NULL,
    "id" INTEGER NOT NULL,
    "name" TEXT,
    "poster_path" TEXT,
    "backdrop_path" TEXT,
    "file_id" INTEGER NOT NULL,
    "record_number" INTEGER,
    "valid_from" DATE NOT NULL,
    "valid_to" DATE,
    "created_date" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deleted_date" TIMESTAMPTZ(6),
    "deleted" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "collections_pkey" PRIMARY KEY ("version_id")
);

-- CreateTable
CREATE TABLE "warehouse"."genres" (
    "version_id" BIGSERIAL NOT NULL,
    "id" INTEGER NOT NULL,
    "name" TEXT,
    "file_id" INTEGER NOT NULL,
    "record_number" INTEGER,
    "valid_from" DATE NOT NULL,
    "valid_to" DATE,
    "created_date" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deleted_date" TIMESTAMPTZ(6),
    "deleted" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "genres_pkey" PRIMARY KEY ("version_id")
);

-- CreateTable
CREATE TABLE "warehouse"."production_companies" (
    "version_id" BIGSERIAL NOT NULL,
    "id" INTEGER NOT NULL,
    "name" TEXT,
    "file_id" INTEGER NOT NULL,
    "record_number" INTEGER,
    "valid_from" DATE NOT NULL,
    "valid_to" DATE,
    "created_date" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deleted_date" TIMESTAMPTZ(6),
    "deleted" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "production_companies_pkey" PRIMARY KEY ("version_id")
);

-- CreateTable
CREATE TABLE "warehouse"."keywords" (
    "version_id" BIGSERIAL NOT NULL,
    "id" INTEGER NOT NULL,
    "name" TEXT,
    "file_id" INTEGER NOT NULL,
    "record_number" INTEGER,
    "valid_from" DATE NOT NULL,
    "valid_to" DATE,
    "created_date" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deleted_date" TIMESTAMPTZ(6),
    "deleted" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "keywords_pkey" PRIMARY KEY ("version_id")
);

-- CreateTable
CREATE TABLE "warehouse"."cast_member" (
    "version_id" BIGSERIAL NOT NULL,
    "id" INTEGER NOT NULL,
    "name" TEXT,
    "gender" INTEGER,
    "profile_path" TEXT,
    "file_id" INTEGER NOT NULL,
    "record_number" INTEGER,
    "valid_from" DATE NOT NULL,
    "valid_to" DATE,
    "created_date" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deleted_date" TIMESTAMPTZ(6),
    "deleted" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "cast_member_pkey" PRIMARY KEY ("version_id")
);

-- CreateTable
CREATE TABLE "warehouse"."crew_member" (
    "version_id" BIGSERIAL NOT NULL,
    "id" INTEGER NOT NULL,
    "name" TEXT,
    "gender" INTEGER,
    "profile_path" TEXT,
    "file_id" INTEGER NOT NULL,
    "record_number" INTEGER,
    "valid_from" DATE NOT NULL,
    "valid_to" DATE,
    "created_date" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deleted_date" TIMESTAMPTZ(6),
    "deleted" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "crew_member_pkey" PRIMARY KEY ("version_id")
);

-- CreateTable
CREATE TABLE "warehouse"."production_countries" (
    "version_id" BIGSERIAL NOT NULL,
    "id" TEXT NOT NULL,
    "name" TEXT,
    "standard" BOOLEAN NOT NULL DEFAULT true,
    "file_id" INTEGER,
    "record_number" INTEGER,
    "valid_from" DATE,
    "valid_to" DATE,
    "created_date" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deleted_date" TIMESTAMPTZ(6),
    "deleted" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "production_countries_pkey" PRIMARY KEY ("version_id")
);

-- CreateTable
CREATE TABLE "warehouse"."spoken_languages" (
    "version_id" BIGSERIAL NOT NULL,
    "id" TEXT NOT NULL,
    "name" TEXT,
    "standard" BOOLEAN NOT NULL DEFAULT true,
    "file_id" INTEGER,
    "record_number" INTEGER,
    "valid_from" DATE,
    "valid_to" DATE,
    "created_date" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deleted_date" TIMESTAMPTZ(6),
    "deleted" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "spoken_languages_pkey" PRIMARY KEY ("version_id")
);

-- CreateTable
CREATE TABLE "warehouse"."movie_collections" (
    "version_id" BIGSERIAL NOT NULL,
    "movie_id" INTEGER NOT NULL,
    "collection_id" INTEGER NOT NULL,
    "file_id" INTEGER NOT NULL,
    "record_number" INTEGER,
    "valid_from" DATE NOT NULL,
    "valid_to" DATE,
    "created_date" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deleted_date" TIMESTAMPTZ(6),
    "deleted" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "movie_collections_pkey" PRIMARY KEY ("version_id")
);

-- CreateTable
CREATE TABLE "warehouse"."movie_genres" (
    "version_id" BIGSERIAL NOT NULL,
    "movie_id" INTEGER NOT NULL,
    "genre_id" INTEGER NOT NULL,
    "file_id" INTEGER NOT NULL,
    "record_number" INTEGER,
    "valid_from" DATE NOT NULL,
    "valid_to" DATE,
    "created_date" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deleted_date" TIMESTAMPTZ(6),
    "deleted" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "movie_genres_pkey" PRIMARY KEY ("version_id")
);

-- CreateTable
CREATE TABLE "warehouse"."movie_production_companies" (
    "version_id" BIGSERIAL NOT NULL,
    "movie_id" INTEGER NOT NULL,
    "production_company_id" INTEGER NOT NULL,
    "file_id" INTEGER NOT NULL,
    "record_number" INTEGER,
    "valid_from" DATE NOT NULL,
    "valid_to" DATE,
    "created_date" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deleted_date" TIMESTAMPTZ(6),
    "deleted" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "movie_production_companies_pkey" PRIMARY KEY ("version_id")
);

-- CreateTable
CREATE TABLE "warehouse"."movie_production_countries" (
    "version_id" BIGSERIAL NOT NULL,
    "movie_id" INTEGER NOT NULL,
    "production_country_id" TEXT NOT NULL,
    "file_id" INTEGER NOT NULL,
    "record_number" INTEGER,
    "valid_from" DATE NOT NULL,
    "valid_to" DATE,
    "created_date" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deleted_date" TIMESTAMPTZ(6),
    "deleted" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "movie_production_countries_pkey" PRIMARY KEY ("version_id")
);

-- CreateTable
CREATE TABLE "warehouse"."movie_spoken_languages" (
    "version_id" BIGSERIAL NOT NULL,
    "movie_id" INTEGER NOT NULL,
    "spoken_language_id" TEXT NOT NULL,
    "file_id" INTEGER NOT NULL,
    "record_number" INTEGER,
    "valid_from" DATE NOT NULL,
    "valid_to" DATE,
    "created_date" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deleted_date" TIMESTAMPTZ(6),
    "deleted" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "movie_spoken_languages_pkey" PRIMARY KEY ("version_id")
);

-- CreateTable
CREATE TABLE "warehouse"."movie_keywords" (
    "version_id" BIGSERIAL NOT NULL,
    "movie_id" INTEGER NOT NULL,
    "keyword_id" INTEGER NOT NULL,
    "file_id" INTEGER NOT NULL,
    "record_number" INTEGER,
    "valid_from" DATE NOT NULL,
    "valid_to" DATE,
    "created_date" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deleted_date" TIMESTAMPTZ(6),
    "deleted" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "movie_keywords_pkey" PRIMARY KEY ("version_id")
);

-- CreateTable
CREATE TABLE "warehouse"."movie_cast_members" (
    "version_id" BIGSERIAL NOT NULL,
    "credit_id" TEXT NOT NULL,
    "movie_id" INTEGER NOT NULL,
    "cast_member_id" INTEGER,
    "cast_id" INTEGER,
    "character" TEXT,
    "credit_order" INTEGER,
    "file_id" INTEGER NOT NULL,
    "record_number" INTEGER,
    "valid_from" DATE NOT NULL,
    "valid_to" DATE,
    "created_date" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deleted_date" TIMESTAMPTZ(6),
    "deleted" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "movie_cast_members_pkey" PRIMARY KEY ("version_id")
);

-- CreateTable
CREATE TABLE "warehouse"."movie_crew_members" (
    "version_id" BIGSERIAL NOT NULL,
    "credit_id" TEXT NOT NULL,
    "movie_id" INTEGER NOT NULL,
    "crew_member_id" INTEGER,
    "department" TEXT,
    "job" TEXT,
    "file_id" INTEGER NOT NULL,
    "record_number" INTEGER,
    "valid_from" DATE NOT NULL,
    "valid_to" DATE,
    "created_date" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deleted_date" TIMESTAMPTZ(6),
    "deleted" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "movie_crew_members_pkey" PRIMARY KEY ("version_id")
);

-- CreateTable
CREATE TABLE "warehouse"."movie_links" (
    "version_id" BIGSERIAL NOT NULL,
    "movielens_id" INTEGER NOT NULL,
    "imdb_id" TEXT,
    "movie_id" INTEGER,
    "file_id" INTEGER NOT NULL,
    "record_number" INTEGER,
    "valid_from" DATE NOT NULL,
    "valid_to" DATE,
    "created_date" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deleted_date" TIMESTAMPTZ(6),
    "deleted" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "movie_links_pkey" PRIMARY KEY ("version_id")
);

-- CreateTable
CREATE TABLE "warehouse"."movie_ratings" (
    "rating_timestamp" TIMESTAMPTZ(6),
    "movielens_id" INTEGER NOT NULL,
    "record_number" INTEGER,
    "rater_id" UUID NOT NULL,
    "rating" DECIMAL,
    "file_id" INTEGER NOT NULL,
    "valid_from" DATE NOT NULL,
    "valid_to" DATE,
    "created_date" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deleted_date" TIMESTAMPTZ(6),
    "deleted" BOOLEAN NOT NULL DEFAULT false
) PARTITION BY LIST ("deleted");

-- CreateIndex
CREATE INDEX "production_company_report_year_production_company_id_idx" ON "reporting"."production_company_report"("year", "production_company_id");

-- CreateIndex
CREATE INDEX "production_company_genre_report_year_genre_id_idx" ON "reporting"."production_company_genre_report"("year", "genre_id");

-- CreateIndex
CREATE INDEX "production_company_genre_report_genre_id_year_idx" ON "reporting"."production_company_genre_report"("genre_id", "year");

-- CreateIndex
CREATE INDEX "genre_report_genre_id_year_idx" ON "reporting"."genre_report"("genre_id", "year");

-- CreateIndex
CREATE INDEX "genre_report_year_popularity_rank_idx" ON "reporting"."genre_report"("year", "popularity_rank");

-- CreateIndex
CREATE INDEX "movie_genre_report_movie_id_idx" ON "reporting"."movie_genre_report"("movie_id");

-- CreateIndex
CREATE INDEX "production_company_movies_report_movie_id_idx" ON "reporting"."production_company_movies_report"("movie_id");

-- CreateIndex
CREATE INDEX "movie_score_report_movie_score_idx" ON "reporting"."movie_score_report"("movie_score");

-- CreateIndex
CREATE INDEX "report_change_report_publication_idx" ON "reporting"."report_change"("report", "publication");

-- CreateIndex
CREATE INDEX "file_feed_period_idx" ON "source"."file"("feed", "period");

-- CreateIndex
CREATE UNIQUE INDEX "file_sha256_key" ON "source"."file"("sha256");

-- CreateIndex
CREATE INDEX "reject_file_id_record_number_idx" ON "source"."reject"("file_id", "record_number");

-- CreateIndex
CREATE INDEX "reject_feed_reason_idx" ON "source"."reject"("feed", "reason");

-- CreateIndex
CREATE UNIQUE INDEX "data_mapping_mapping_version_end_schema_end_table_end_field_key" ON "support"."data_mapping"("mapping_version", "end_schema", "end_table", "end_field");

-- CreateIndex
CREATE UNIQUE INDEX "run_idempotency_key_key" ON "support"."run"("idempotency_key");

-- CreateIndex
CREATE INDEX "run_state_idx" ON "support"."run"("state");

-- CreateIndex
CREATE INDEX "run_created_date_idx" ON "support"."run"("created_date");

-- CreateIndex
CREATE UNIQUE INDEX "run_step_run_id_name_key" ON "support"."run_step"("run_id", "name");

-- CreateIndex
CREATE INDEX "issue_file_id_record_number_idx" ON "support"."issue"("file_id", "record_number");

-- CreateIndex
CREATE INDEX "issue_reason_idx" ON "support"."issue"("reason");

-- CreateIndex
CREATE INDEX "contribution_change_report_publication_idx" ON "support"."contribution_change"("report", "publication");

-- CreateIndex
CREATE INDEX "check_result_run_id_idx" ON "support"."check_result"("run_id");

-- CreateIndex
CREATE INDEX "audit_event_created_date_idx" ON "support"."audit_event"("created_date");

-- CreateIndex
CREATE INDEX "retirement_table_name_idx" ON "support"."retirement"("table_name");

-- CreateIndex
CREATE INDEX "movies_movie_id_idx" ON "warehouse"."movies"("movie_id");

-- CreateIndex
CREATE INDEX "movies_imdb_id_idx" ON "warehouse"."movies"("imdb_id");

-- CreateIndex
CREATE INDEX "collections_id_idx" ON "warehouse"."collections"("id");

-- CreateIndex
CREATE INDEX "genres_id_idx" ON "warehouse"."genres"("id");

-- CreateIndex
CREATE INDEX "production_companies_id_idx" ON "warehouse"."production_companies"("id");

-- CreateIndex
CREATE INDEX "keywords_id_idx" ON "warehouse"."keywords"("id");

-- CreateIndex
CREATE INDEX "cast_member_id_idx" ON "warehouse"."cast_member"("id");

-- CreateIndex
CREATE INDEX "crew_member_id_idx" ON "warehouse"."crew_member"("id");

-- CreateIndex
CREATE INDEX "production_countries_id_idx" ON "warehouse"."production_countries"("id");

-- CreateIndex
CREATE INDEX "spoken_languages_id_idx" ON "warehouse"."spoken_languages"("id");

-- CreateIndex
CREATE INDEX "movie_collections_movie_id_collection_id_idx" ON "warehouse"."movie_collections"("movie_id", "collection_id");

-- CreateIndex
CREATE INDEX "movie_collections_collection_id_idx" ON "warehouse"."movie_collections"("collection_id");

-- CreateIndex
CREATE INDEX "movie_genres_movie_id_genre_id_idx" ON "warehouse"."movie_genres"("movie_id", "genre_id");

-- CreateIndex
CREATE INDEX "movie_genres_genre_id_idx" ON "warehouse"."movie_genres"("genre_id");

-- CreateIndex
CREATE INDEX "movie_production_companies_movie_id_production_company_id_idx" ON "warehouse"."movie_production_companies"("movie_id", "production_company_id");

-- CreateIndex
CREATE INDEX "movie_production_companies_production_company_id_idx" ON "warehouse"."movie_production_companies"("production_company_id");

-- CreateIndex
CREATE INDEX "movie_production_countries_movie_id_production_country_id_idx" ON "warehouse"."movie_production_countries"("movie_id", "production_country_id");

-- CreateIndex
CREATE INDEX "movie_production_countries_production_country_id_idx" ON "warehouse"."movie_production_countries"("production_country_id");

-- CreateIndex
CREATE INDEX "movie_spoken_languages_movie_id_spoken_language_id_idx" ON "warehouse"."movie_spoken_languages"("movie_id", "spoken_language_id");

-- CreateIndex
CREATE INDEX "movie_spoken_languages_spoken_language_id_idx" ON "warehouse"."movie_spoken_languages"("spoken_language_id");

-- CreateIndex
CREATE INDEX "movie_keywords_movie_id_keyword_id_idx" ON "warehouse"."movie_keywords"("movie_id", "keyword_id");

-- CreateIndex
CREATE INDEX "movie_keywords_keyword_id_idx" ON "warehouse"."movie_keywords"("keyword_id");

-- CreateIndex
CREATE INDEX "movie_cast_members_credit_id_idx" ON "warehouse"."movie_cast_members"("credit_id");

-- CreateIndex
CREATE INDEX "movie_cast_members_movie_id_idx" ON "warehouse"."movie_cast_members"("movie_id");

-- CreateIndex
CREATE INDEX "movie_cast_members_cast_member_id_idx" ON "warehouse"."movie_cast_members"("cast_member_id");

-- CreateIndex
CREATE INDEX "movie_crew_members_credit_id_idx" ON "warehouse"."movie_crew_members"("credit_id");

-- CreateIndex
CREATE INDEX "movie_crew_members_movie_id_idx" ON "warehouse"."movie_crew_members"("movie_id");

-- CreateIndex
CREATE INDEX "movie_crew_members_crew_member_id_idx" ON "warehouse"."movie_crew_members"("crew_member_id");

-- CreateIndex
CREATE INDEX "movie_links_movielens_id_idx" ON "warehouse"."movie_links"("movielens_id");

-- CreateIndex
CREATE INDEX "movie_links_movie_id_idx" ON "warehouse"."movie_links"("movie_id");

-- CreateIndex
CREATE INDEX "movie_ratings_changes" ON "warehouse"."movie_ratings" USING BRIN ("created_date", "deleted_date");

-- AddForeignKey
ALTER TABLE "source"."part" ADD CONSTRAINT "part_file_id_fkey" FOREIGN KEY ("file_id") REFERENCES "source"."file"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "source"."reject" ADD CONSTRAINT "reject_file_id_fkey" FOREIGN KEY ("file_id") REFERENCES "source"."file"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "support"."data_mapping" ADD CONSTRAINT "data_mapping_mapping_version_fkey" FOREIGN KEY ("mapping_version") REFERENCES "support"."mapping_version"("number") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "support"."run" ADD CONSTRAINT "run_parent_run_id_fkey" FOREIGN KEY ("parent_run_id") REFERENCES "support"."run"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "support"."run_step" ADD CONSTRAINT "run_step_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "support"."run"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "support"."file_transform" ADD CONSTRAINT "file_transform_file_id_fkey" FOREIGN KEY ("file_id") REFERENCES "source"."file"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "support"."file_transform" ADD CONSTRAINT "file_transform_mapping_version_fkey" FOREIGN KEY ("mapping_version") REFERENCES "support"."mapping_version"("number") ON DELETE RESTRICT ON UPDATE CASCADE;
