-- Films with changes in their own data, MovieLens links or ratings.
-- parameters: since timestamptz, changes after this time.

with rated as (
  select movielens_id from warehouse.movie_ratings where created_date > {{ since }}
  union
  select movielens_id from warehouse.movie_ratings where deleted and deleted_date > {{ since }}
)

select movie_id as entity
from warehouse.movies
where created_date > {{ since }}
  or (deleted and deleted_date > {{ since }})

union

select movie_id
from warehouse.movie_links
where movie_id is not null
  and (created_date > {{ since }} or (deleted and deleted_date > {{ since }}))

union

select links.movie_id
from warehouse.movie_links as links
join rated on rated.movielens_id = links.movielens_id
where not links.deleted
  and links.movie_id is not null
