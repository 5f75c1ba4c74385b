-- Films whose ratings, or the links to their ratings, were retired or restored manually.
-- Reads: hand, the rows that were retired or restored. Keys are text.

select distinct
  hand.id,
  links.movie_id as entity
from hand
join warehouse.movie_links as links on links.movielens_id::text = hand.row_key ->> 'movielens_id'
where links.movie_id is not null
  and (hand.table_name = 'movie_links' or (hand.table_name = 'movie_ratings' and not links.deleted))
