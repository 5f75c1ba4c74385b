-- production_company_report: money and popularity of production companies by release year.
-- grain: one row per company and release year of its live films, released or not.
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

production_companies as (
  select
    id as production_company_id,
    name as production_company_name
  from warehouse.production_companies
  where not deleted
),

credits as (
  select
    links.movie_id,
    production_companies.production_company_id,
    production_companies.production_company_name,
    count(*) over (partition by links.movie_id) as company_count
  from warehouse.movie_production_companies as links
  join production_companies on production_companies.production_company_id = links.production_company_id
  where not links.deleted
)

select
  credits.production_company_id,
  credits.production_company_name,
  movies.year,
  trim_scale(sum(movies.budget) filter (where movies.released)) as budget,
  trim_scale(sum(movies.revenue) filter (where movies.released)) as revenue,
  trim_scale(sum(movies.profit) filter (where movies.released)) as profit,
  -- Divided to 80 places and cut to 60 after the sum, so that thirds and sixths that make up a half cent
  -- round as that half cent does.
  round(
    round(sum(round(movies.budget, 80) / credits.company_count) filter (where movies.released), 60), 2
  ) as budget_share,
  round(
    round(sum(round(movies.revenue, 80) / credits.company_count) filter (where movies.released), 60), 2
  ) as revenue_share,
  round(
    round(sum(round(movies.profit, 80) / credits.company_count) filter (where movies.released), 60), 2
  ) as profit_share,
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
  trim_scale(sum(movies.budget) filter (where not movies.released)) as unreleased_budget
from movies
join credits on credits.movie_id = movies.movie_id
group by
  credits.production_company_id,
  credits.production_company_name,
  movies.year
