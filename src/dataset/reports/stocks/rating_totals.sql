-- rating_totals: number and sum of the ratings of each MovieLens film. Kept as totals, because there are too many
-- ratings to count them for each publication.
-- grain: one or two rows per MovieLens film: the added ratings and, negative, the removed ones.
-- parameters: counted_until timestamptz, the time up to which ratings are already counted; null to count all.

select
  movielens_id,
  count(rating) as rating_count,
  coalesce(sum(rating), 0) as rating_sum
from warehouse.movie_ratings
where not deleted
  and ({{ counted_until }}::timestamptz is null or created_date > {{ counted_until }})
group by movielens_id

union all

select
  movielens_id,
  -count(rating) as rating_count,
  -coalesce(sum(rating), 0) as rating_sum
from warehouse.movie_ratings
where deleted
  and created_date <= {{ counted_until }}::timestamptz
  and deleted_date > {{ counted_until }}
group by movielens_id
