-- Films that count as released on one of two as-of days, but not on the other, or do not count for another reason.
-- parameters: earlier_as_of_day date, the as-of day then; as_of_day date, the as-of day now.

select films.movie_id as entity
from {{ film_releases }} as films
join {{ earlier_film_releases }} as earlier_films on earlier_films.id = films.id
where {{ earlier_as_of_day }}::date <> {{ as_of_day }}::date
  and films.left_out is distinct from earlier_films.left_out
