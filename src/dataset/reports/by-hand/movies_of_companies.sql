-- Films whose shares are split among different companies because one of their companies, or the link to it, was retired
-- or restored manually. Reads: hand, the rows that were retired or restored. Keys are text.

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
