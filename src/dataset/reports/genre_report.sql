-- genre_report: money and popularity of genres by release year.
-- grain: one row per release year and genre of the live films, released or not.
-- parameters: $1 date, the as-of day: films released later are not released yet.

with movies as (
  select
    movie_id,
    extract(year from release_date)::integer as year,
    coalesce(status, '') in ('Released', '') and release_date <= $1::date as released,
    nullif(budget, 0) as budget,
    nullif(revenue, 0) as revenue,
    nullif(revenue, 0) - nullif(budget, 0) as profit,
    popularity
  from warehouse.movies
  where not deleted
    and release_date is not null
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
),

genre_years as (
  select
    movies.year,
    genres.genre_id,
    genres.genre_name,
    sum(movies.budget) filter (where movies.released) as budget,
    sum(movies.revenue) filter (where movies.released) as revenue,
    sum(movies.profit) filter (where movies.released) as profit,
    count(*) filter (where movies.released) as release_count,
    -- 40 places before the division: the mean is then rounded once, not twice
    round(
      round(sum(movies.popularity) filter (where movies.released), 40)
        / nullif(count(movies.popularity) filter (where movies.released), 0),
      6
    ) as average_popularity,
    count(movies.budget) filter (where movies.released) as budget_movie_count,
    count(movies.revenue) filter (where movies.released) as revenue_movie_count,
    count(movies.profit) filter (where movies.released) as profit_movie_count,
    sum(movies.budget) filter (where not movies.released) as unreleased_budget
  from movies
  join movie_genres on movie_genres.movie_id = movies.movie_id
  join genres on genres.genre_id = movie_genres.genre_id
  group by movies.year, genres.genre_id, genres.genre_name
)

select
  year,
  genre_id,
  genre_name,
  trim_scale(budget) as budget,
  trim_scale(revenue) as revenue,
  trim_scale(profit) as profit,
  release_count,
  average_popularity,
  budget_movie_count,
  revenue_movie_count,
  profit_movie_count,
  trim_scale(unreleased_budget) as unreleased_budget,
  row_number() over (
    partition by year
    order by average_popularity desc nulls last, release_count desc, genre_name collate "C", genre_id
  ) as popularity_rank
from genre_years
