-- Films whose ratings, or the links to their ratings, were retired or restored manually.
-- Reads: correction, the rows that were retired or restored. Keys are text.

select distinct
  correction.id,
  links.movie_id as entity
from correction
join warehouse.movie_links as links on links.movielens_id::text = correction.row_key ->> 'movielens_id'
where links.movie_id is not null
  and (correction.table_name = 'movie_links' or (correction.table_name = 'movie_ratings' and not links.deleted))
