-- Films that do not count as released, although their status is 'Released' in different case or with spaces around it.
-- Text is kept as sent and the rule knows one spelling, so an operator has to decide. Reads: warehouse.movies.

select movie_id, title, status
from warehouse.movies
where not deleted
  and status not in ('Released', '')
  and lower(btrim(status, E' \t\r\n\u00a0')) in ('released', '')
