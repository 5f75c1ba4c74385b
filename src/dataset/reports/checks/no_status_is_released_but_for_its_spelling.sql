-- Films that do not count as released, although their status is 'Released' in different case or with spaces around it.
-- Text is kept as sent and the rule knows one spelling, so an operator has to decide. Parameter: as_of_day date, the as-of day.

select movie_id, title, status
from {{ film_releases }}
where not has_released_status
  and lower(btrim(status, E' \t\r\n\u00a0')) in ('released', '')
