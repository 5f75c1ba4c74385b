-- production_company_genre_report: financials and popularity of production companies by release year and genre.
-- grain: one row per company, release year and genre of its live films, including unreleased ones; a film counts
-- in full in each of its genres.
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

credits as (
  select
    links.movie_id,
    links.production_company_id,
    count(*) over (partition by links.movie_id)::integer as company_count
  from warehouse.movie_production_companies as links
  join warehouse.production_companies as companies
    on companies.id = links.production_company_id and not companies.deleted
  where not links.deleted
    and ({{ entities }}::integer[] is null or links.movie_id = any({{ entities }}))
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
  credits.production_company_id,
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
  credits.company_count,
  case when movies.left_out is null then movies.known_budget end as budget,
  case when movies.left_out is null then movies.known_revenue end as revenue,
  case when movies.left_out is null then movies.profit end as profit,
  -- Divided to 80 places, and rounded to 60 after summing, so that thirds and sixths that add up to half a cent are
  -- rounded like half a cent.
  case when movies.left_out is null then trim_scale(round(movies.known_budget, 80) / credits.company_count) end as budget_share,
  case when movies.left_out is null then trim_scale(round(movies.known_revenue, 80) / credits.company_count) end as revenue_share,
  case when movies.left_out is null then trim_scale(round(movies.profit, 80) / credits.company_count) end as profit_share,
  (movies.left_out is null)::integer as release_count,
  case when movies.left_out is null then movies.popularity end as popularity,
  (movies.left_out is null and movies.known_budget is not null)::integer as budget_movie_count,
  (movies.left_out is null and movies.known_revenue is not null)::integer as revenue_movie_count,
  (movies.left_out is null and movies.profit is not null)::integer as profit_movie_count,
  case when movies.left_out is not null then movies.known_budget end as unreleased_budget
from movies
join credits on credits.movie_id = movies.movie_id
join movie_genres on movie_genres.movie_id = movies.movie_id;

select
  contribution.production_company_id,
  companies.name as production_company_name,
  contribution.year,
  contribution.genre_id,
  genres.name as genre_name,
  trim_scale(sum(contribution.budget)) as budget,
  trim_scale(sum(contribution.revenue)) as revenue,
  trim_scale(sum(contribution.profit)) as profit,
  round(round(sum(contribution.budget_share), 60), 2) as budget_share,
  round(round(sum(contribution.revenue_share), 60), 2) as revenue_share,
  round(round(sum(contribution.profit_share), 60), 2) as profit_share,
  sum(contribution.release_count) as release_count,
  -- 40 places before the division, so that the mean is rounded only once
  round(
    round(sum(contribution.popularity), 40) / nullif(count(contribution.popularity), 0), 6
  ) as average_popularity,
  sum(contribution.budget_movie_count) as budget_movie_count,
  sum(contribution.revenue_movie_count) as revenue_movie_count,
  sum(contribution.profit_movie_count) as profit_movie_count,
  trim_scale(sum(contribution.unreleased_budget)) as unreleased_budget
from contribution
join warehouse.production_companies as companies
  on companies.id = contribution.production_company_id and not companies.deleted
join warehouse.genres on genres.id = contribution.genre_id and not genres.deleted
group by
  contribution.production_company_id,
  companies.name,
  contribution.year,
  contribution.genre_id,
  genres.name
