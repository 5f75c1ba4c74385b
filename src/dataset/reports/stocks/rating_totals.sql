-- rating_totals: how many ratings each MovieLens film has, and their sum; kept, since there are too many to count anew.
-- grain: one row per MovieLens film, or two: what came, and what went.
-- parameters: $1 timestamptz, up to when the ratings are counted already; null for none.

select
  movielens_id,
  count(rating) as rating_count,
  coalesce(sum(rating), 0) as rating_sum
from warehouse.movie_ratings
where not deleted
  and ($1::timestamptz is null or created_date > $1)
group by movielens_id

union all

select
  movielens_id,
  -count(rating) as rating_count,
  -coalesce(sum(rating), 0) as rating_sum
from warehouse.movie_ratings
where deleted
  and created_date <= $1::timestamptz
  and deleted_date > $1
group by movielens_id
