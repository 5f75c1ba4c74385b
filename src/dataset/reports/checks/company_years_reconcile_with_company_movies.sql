-- Rows whose sums and counts differ from those of their films. Shares may differ because the share of each film is
-- rounded to cents. Parameters: as_of_day date, the as-of day; all_rows boolean, whether to check all rows, not only the touched ones.
-- Reads: production_company_report, production_company_movies_report.

with released as (
  select movie_id
  from {{ film_releases }}
  where left_out is null
),

films as (
  select
    extract(year from films.release_date)::integer as year,
    films.production_company_id,
    sum(films.budget) filter (where released.movie_id is not null) as budget,
    sum(films.revenue) filter (where released.movie_id is not null) as revenue,
    sum(films.profit) filter (where released.movie_id is not null) as profit,
    sum(films.budget_share) filter (where released.movie_id is not null) as budget_share,
    sum(films.revenue_share) filter (where released.movie_id is not null) as revenue_share,
    sum(films.profit_share) filter (where released.movie_id is not null) as profit_share,
    count(released.movie_id) as release_count,
    count(films.budget) filter (where released.movie_id is not null) as budget_movie_count,
    count(films.revenue) filter (where released.movie_id is not null) as revenue_movie_count,
    count(films.profit) filter (where released.movie_id is not null) as profit_movie_count,
    sum(films.budget) filter (where released.movie_id is null) as unreleased_budget
  from next_production_company_movies_report as films
  left join released on released.movie_id = films.movie_id
  where films.release_date is not null
    and (
      {{ all_rows }}
      or (films.production_company_id, extract(year from films.release_date)::integer)
        in (select production_company_id, year from touched_production_company_report)
    )
  group by 1, 2
),

years as (
  select * from next_production_company_report where {{ all_rows }}
  union all
  select * from support.build_production_company_report where not {{ all_rows }}
)

select year, production_company_id, to_json(years) as built, to_json(films) as films
from years
full join films using (year, production_company_id)
where (
    years.budget, years.revenue, years.profit, years.release_count, years.budget_movie_count,
    years.revenue_movie_count, years.profit_movie_count, years.unreleased_budget
  ) is distinct from (
    films.budget, films.revenue, films.profit, films.release_count, films.budget_movie_count,
    films.revenue_movie_count, films.profit_movie_count, films.unreleased_budget
  )
  or (years.budget_share is null) <> (films.budget_share is null)
  or (years.revenue_share is null) <> (films.revenue_share is null)
  or (years.profit_share is null) <> (films.profit_share is null)
  or abs(years.budget_share - films.budget_share) > 0.005 * (films.budget_movie_count + 1)
  or abs(years.revenue_share - films.revenue_share) > 0.005 * (films.revenue_movie_count + 1)
  or abs(years.profit_share - films.profit_share) > 0.005 * (films.profit_movie_count + 1)
