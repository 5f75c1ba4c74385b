-- movie_genre_report: the films of each genre with their financials.
-- grain: one row per genre and live film, including films without a release date.
-- parameters: entities integer[], the films to read, null for all.
--
-- The first statement computes the contribution of each film, the second makes one row of each.

with movies as (
  select *
  from {{ films_with_money }}
  where {{ entities }}::integer[] is null or movie_id = any({{ entities }})
),

movie_genres as (
  select
    links.movie_id,
    links.genre_id
  from warehouse.movie_genres as links
  join warehouse.genres on genres.id = links.genre_id and not genres.deleted
  where not links.deleted
    and ({{ entities }}::integer[] is null or links.movie_id = any({{ entities }}))
)

select
  movie_genres.genre_id,
  movies.movie_id,
  movies.movie_id as entity,
  movies.title as entity_name,
  movies.id as version,
  movies.file_id,
  movies.record_number,
  null::text as left_out,
  trim_scale(movies.known_budget) as budget,
  trim_scale(movies.known_revenue) as revenue,
  trim_scale(movies.profit) as profit,
  movies.release_date
from movies
join movie_genres on movie_genres.movie_id = movies.movie_id;

select
  contribution.genre_id,
  genres.name as genre_name,
  contribution.movie_id,
  contribution.entity_name as movie_name,
  contribution.budget,
  contribution.revenue,
  contribution.profit,
  contribution.release_date,
  file.name as source_file,
  contribution.record_number as source_record
from contribution
join warehouse.genres on genres.id = contribution.genre_id and not genres.deleted
join source.file on file.id = contribution.file_id
