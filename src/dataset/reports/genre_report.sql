-- genre_report: financials and popularity of genres by release year.
-- grain: one row per release year and genre of the live films, including unreleased ones.
-- parameters: as_of_day date, the as-of day: films released later count as unreleased; entities integer[], the films to read,
-- null for all.
--
-- The first statement computes the contribution of each film to a row, the second sums them to rows.

with movies as (
  select *
  from {{ film_releases }}
  where release_date is not null
    and ({{ entities }}::integer[] is null or movie_id = any({{ entities }}))
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
  movies.year,
  movie_genres.genre_id,
  movies.movie_id as entity,
  movies.title as entity_name,
  movies.id as version,
  movies.file_id,
  movies.record_number,
  movies.left_out,
  movies.status,
  movies.release_date,
  case when movies.left_out is null then movies.known_budget end as budget,
  case when movies.left_out is null then movies.known_revenue end as revenue,
  case when movies.left_out is null then movies.profit end as profit,
  (movies.left_out is null)::integer as release_count,
  case when movies.left_out is null then movies.popularity end as popularity,
  (movies.left_out is null and movies.known_budget is not null)::integer as budget_movie_count,
  (movies.left_out is null and movies.known_revenue is not null)::integer as revenue_movie_count,
  (movies.left_out is null and movies.profit is not null)::integer as profit_movie_count,
  case when movies.left_out is not null then movies.known_budget end as unreleased_budget
from movies
join movie_genres on movie_genres.movie_id = movies.movie_id;

with genre_years as (
  select
    contribution.year,
    contribution.genre_id,
    genres.name as genre_name,
    trim_scale(sum(contribution.budget)) as budget,
    trim_scale(sum(contribution.revenue)) as revenue,
    trim_scale(sum(contribution.profit)) as profit,
    sum(contribution.release_count) as release_count,
    -- 40 places before the division, so that the mean is rounded only once
    round(round(sum(contribution.popularity), 40) / nullif(count(contribution.popularity), 0), 40) as mean_popularity,
    sum(contribution.budget_movie_count) as budget_movie_count,
    sum(contribution.revenue_movie_count) as revenue_movie_count,
    sum(contribution.profit_movie_count) as profit_movie_count,
    trim_scale(sum(contribution.unreleased_budget)) as unreleased_budget
  from contribution
  join warehouse.genres on genres.id = contribution.genre_id and not genres.deleted
  group by contribution.year, contribution.genre_id, genres.name
)

select
  year,
  genre_id,
  genre_name,
  budget,
  revenue,
  profit,
  release_count,
  round(mean_popularity, 6) as average_popularity,
  budget_movie_count,
  revenue_movie_count,
  profit_movie_count,
  unreleased_budget,
  -- by the unrounded mean: a difference in the seventh decimal is not a tie
  row_number() over (
    partition by year
    order by mean_popularity desc nulls last, release_count desc, genre_name collate "C", genre_id
  ) as popularity_rank
from genre_years
