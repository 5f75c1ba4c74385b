-- film_releases: which live films count as released, and why the others do not.
-- The rules: a film is released if its status is 'Released' or not known, and its release date is not after the as-of day. A film
-- without a release date is not released.
-- grain: one row per live film, with all columns of films_with_money; left_out is the reason why a film is not released, and null if
-- it is released.
-- parameters: as_of_day date, the as-of day.

select
  films.*,
  extract(year from release_date)::integer as year,
  case
    when not has_released_status then 'unreleased by its status'
    when release_date > {{ as_of_day }}::date then 'unreleased on the as-of day'
    when release_date is null then 'without a release date'
  end as left_out
from (
  select
    money.*,
    coalesce(status, '') in ('Released', '') as has_released_status
  from {{ films_with_money }} as money
) as films
