-- movie_genre_report: the films of each genre with their money.
-- grain: one row per genre and live film, with or without a release date.
-- parameters: none.

with movies as (
  select
    movie_id,
    title as movie_name,
    nullif(budget, 0) as budget,
    nullif(revenue, 0) as revenue,
    release_date,
    file_id,
    record_number
  from warehouse.movies
  where not deleted
),

genres as (
  select
    id as genre_id,
    name as genre_name
  from warehouse.genres
  where not deleted
),

movie_genres as (
  select
    movie_id,
    genre_id
  from warehouse.movie_genres
  where not deleted
)

select
  genres.genre_id,
  genres.genre_name,
  movies.movie_id,
  movies.movie_name,
  trim_scale(movies.budget) as budget,
  trim_scale(movies.revenue) as revenue,
  trim_scale(movies.revenue - movies.budget) as profit,
  movies.release_date,
  file.name as source_file,
  movies.record_number as source_record
from movies
join movie_genres on movie_genres.movie_id = movies.movie_id
join genres on genres.genre_id = movie_genres.genre_id
join source.file on file.id = movies.file_id
