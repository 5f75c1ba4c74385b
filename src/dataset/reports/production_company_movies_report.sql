-- production_company_movies_report: the films of each production company with their financials.
-- grain: one row per company and live film, including films without a release date.
-- parameters: entities integer[], the films to read, null for all.
--
-- The first statement computes the contribution of each film, the second makes one row of each.

with movies as (
  select *
  from {{ films_with_money }}
  where {{ entities }}::integer[] is null or movie_id = any({{ entities }})
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
)

select
  credits.production_company_id,
  movies.movie_id,
  movies.movie_id as entity,
  movies.title as entity_name,
  movies.id as version,
  movies.file_id,
  movies.record_number,
  null::text as left_out,
  credits.company_count,
  trim_scale(movies.known_budget) as budget,
  trim_scale(movies.known_revenue) as revenue,
  trim_scale(movies.profit) as profit,
  movies.release_date
from movies
join credits on credits.movie_id = movies.movie_id;

select
  contribution.production_company_id,
  companies.name as production_company_name,
  contribution.movie_id,
  contribution.entity_name as movie_name,
  contribution.budget,
  contribution.revenue,
  contribution.profit,
  -- 80 places before the division, so that the share is rounded only once
  round(round(contribution.budget, 80) / contribution.company_count, 2) as budget_share,
  round(round(contribution.revenue, 80) / contribution.company_count, 2) as revenue_share,
  round(round(contribution.profit, 80) / contribution.company_count, 2) as profit_share,
  contribution.release_date,
  file.name as source_file,
  contribution.record_number as source_record
from contribution
join warehouse.production_companies as companies
  on companies.id = contribution.production_company_id and not companies.deleted
join source.file on file.id = contribution.file_id
