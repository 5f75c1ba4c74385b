-- At most one row per natural key is live. Prisma has no partial indexes and leaves them alone.

-- Ratings are many and their history is short: live rows lie by themselves, so that a first load can put a table that
-- was filled elsewhere in their place, and a closed one moves over.
create table warehouse.movie_ratings_live partition of warehouse.movie_ratings for values in (false);
create table warehouse.movie_ratings_closed partition of warehouse.movie_ratings for values in (true);

create unique index movies_live_key on warehouse.movies (movie_id) where not deleted;
create unique index collections_live_key on warehouse.collections (id) where not deleted;
create unique index genres_live_key on warehouse.genres (id) where not deleted;
create unique index production_companies_live_key on warehouse.production_companies (id) where not deleted;
create unique index keywords_live_key on warehouse.keywords (id) where not deleted;
create unique index cast_member_live_key on warehouse.cast_member (id) where not deleted;
create unique index crew_member_live_key on warehouse.crew_member (id) where not deleted;
create unique index production_countries_live_key on warehouse.production_countries (id) where not deleted;
create unique index spoken_languages_live_key on warehouse.spoken_languages (id) where not deleted;
create unique index movie_collections_live_key on warehouse.movie_collections (movie_id, collection_id) where not deleted;
create unique index movie_genres_live_key on warehouse.movie_genres (movie_id, genre_id) where not deleted;
create unique index movie_production_companies_live_key on warehouse.movie_production_companies (movie_id, production_company_id) where not deleted;
create unique index movie_production_countries_live_key on warehouse.movie_production_countries (movie_id, production_country_id) where not deleted;
create unique index movie_spoken_languages_live_key on warehouse.movie_spoken_languages (movie_id, spoken_language_id) where not deleted;
create unique index movie_keywords_live_key on warehouse.movie_keywords (movie_id, keyword_id) where not deleted;
create unique index movie_cast_members_live_key on warehouse.movie_cast_members (credit_id) where not deleted;
create unique index movie_crew_members_live_key on warehouse.movie_crew_members (credit_id) where not deleted;
create unique index movie_links_live_key on warehouse.movie_links (movielens_id) where not deleted;
create unique index movie_ratings_live_key on warehouse.movie_ratings_live (rater_id, movielens_id);
create index movie_ratings_closed_key on warehouse.movie_ratings_closed (rater_id, movielens_id);
