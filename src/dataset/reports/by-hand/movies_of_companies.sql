-- Films that share their money among other companies since one of theirs, or its link, was retired or restored by hand.
-- Reads: hand, what was. Keys are kept as text.

select
  hand.id,
  links.movie_id as entity
from hand
join warehouse.movie_production_companies as links
  on links.movie_id::text = hand.row_key ->> 'movie_id'
where hand.table_name = 'movie_production_companies'

union

select
  hand.id,
  links.movie_id
from hand
join warehouse.movie_production_companies as links
  on links.production_company_id::text = hand.row_key ->> 'id' and not links.deleted
where hand.table_name = 'production_companies'
