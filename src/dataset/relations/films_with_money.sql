-- films_with_money: what the live films cost, took in and earned.
-- The rules: an amount of 0 is not known. The profit of a film is its revenue - its budget, and is not known if one of them is not.
-- grain: one row per live film, with all columns of warehouse.movies; null where an amount is not known.

select
  films.*,
  known_revenue - known_budget as profit
from (
  select
    movies.*,
    nullif(budget, 0) as known_budget,
    nullif(revenue, 0) as known_revenue
  from warehouse.movies
  where not deleted
) as films
