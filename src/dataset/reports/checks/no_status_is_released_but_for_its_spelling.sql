-- Films that no year counts as released, whose status may well say that they are: in other case, or with blanks around it.
-- Text is kept as sent and the rule names one spelling, so somebody has to look. Reads: warehouse.movies.

select movie_id, title, status
from warehouse.movies
where not deleted
  and status not in ('Released', '')
  and lower(btrim(status, E' \t\r\n\u00a0')) in ('released', '')
