-- production_company_movies_report: the films of each production company with their money.
-- grain: one row per company and live film, with or without a release date.
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
  movies.movie_id,
  movies.movie_name,
  trim_scale(movies.budget) as budget,
  trim_scale(movies.revenue) as revenue,
  trim_scale(movies.revenue - movies.budget) as profit,
  -- 80 places before the division: the share is then rounded once, not twice
  round(round(movies.budget, 80) / credits.company_count, 2) as budget_share,
  round(round(movies.revenue, 80) / credits.company_count, 2) as revenue_share,
  round(round(movies.revenue - movies.budget, 80) / credits.company_count, 2) as profit_share,
  movies.release_date,
  file.name as source_file,
  movies.record_number as source_record
from movies
join credits on credits.movie_id = movies.movie_id
join source.file on file.id = movies.file_id
