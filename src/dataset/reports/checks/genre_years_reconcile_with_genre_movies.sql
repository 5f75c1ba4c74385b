-- Rows whose sums and counts differ from those of their films. Parameters: as_of_day date, the as-of day;
-- all_rows boolean, whether to check all rows, not only the touched ones.
-- Reads: genre_report, movie_genre_report.

with released as (
  select movie_id
  from {{ film_releases }}
  where left_out is null
),

films as (
  select
    extract(year from films.release_date)::integer as year,
    films.genre_id,
    sum(films.budget) filter (where released.movie_id is not null) as budget,
    sum(films.revenue) filter (where released.movie_id is not null) as revenue,
    sum(films.profit) filter (where released.movie_id is not null) as profit,
    count(released.movie_id) as release_count,
    count(films.budget) filter (where released.movie_id is not null) as budget_movie_count,
    count(films.revenue) filter (where released.movie_id is not null) as revenue_movie_count,
    count(films.profit) filter (where released.movie_id is not null) as profit_movie_count,
    sum(films.budget) filter (where released.movie_id is null) as unreleased_budget
  from next_movie_genre_report as films
  left join released on released.movie_id = films.movie_id
  where films.release_date is not null
    and ({{ all_rows }} or extract(year from films.release_date)::integer in (select year from touched_genre_report))
  group by 1, 2
),

years as (
  select * from next_genre_report where {{ all_rows }}
  union all
  select * from support.build_genre_report where not {{ all_rows }}
)

select year, genre_id, to_json(years) as built, to_json(films) as films
from years
full join films using (year, genre_id)
where (
    years.budget, years.revenue, years.profit, years.release_count, years.budget_movie_count,
    years.revenue_movie_count, years.profit_movie_count, years.unreleased_budget
  ) is distinct from (
    films.budget, films.revenue, films.profit, films.release_count, films.budget_movie_count,
    films.revenue_movie_count, films.profit_movie_count, films.unreleased_budget
  )
