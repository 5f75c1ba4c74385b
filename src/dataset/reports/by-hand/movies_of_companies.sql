-- Films whose shares are split among different companies because one of their companies, or the link to it, was retired
-- or restored manually. Reads: correction, the rows that were retired or restored. Keys are text.

select
  correction.id,
  links.movie_id as entity
from correction
join warehouse.movie_production_companies as links
  on links.movie_id::text = correction.row_key ->> 'movie_id'
where correction.table_name = 'movie_production_companies'

union

select
  correction.id,
  links.movie_id
from correction
join warehouse.movie_production_companies as links
  on links.production_company_id::text = correction.row_key ->> 'id' and not links.deleted
where correction.table_name = 'production_companies'
