-- Films with changes in their own data, MovieLens links or ratings.
-- parameters: $1 timestamptz, changes after this time.

with rated as (
  select movielens_id from warehouse.movie_ratings where created_date > $1
  union
  select movielens_id from warehouse.movie_ratings where deleted and deleted_date > $1
)

select movie_id as entity
from warehouse.movies
where created_date > $1
  or (deleted and deleted_date > $1)

union

select movie_id
from warehouse.movie_links
where movie_id is not null
  and (created_date > $1 or (deleted and deleted_date > $1))

union

select links.movie_id
from warehouse.movie_links as links
join rated on rated.movielens_id = links.movielens_id
where not links.deleted
  and links.movie_id is not null
