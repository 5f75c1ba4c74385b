-- Films with changes in their own data, companies, genres or the names of these, and films that the as-of day has
-- released. parameters: since timestamptz, changes after this time; earlier_as_of_day date, the as-of day then; as_of_day date, the as-of day now.

select movie_id as entity
from warehouse.movies
where created_date > {{ since }}
  or (deleted and deleted_date > {{ since }})
  or (not deleted and release_date > {{ earlier_as_of_day }}::date and release_date <= {{ as_of_day }}::date)

union

select movie_id
from warehouse.movie_genres
where created_date > {{ since }}
  or (deleted and deleted_date > {{ since }})

union

select movie_id
from warehouse.movie_production_companies
where created_date > {{ since }}
  or (deleted and deleted_date > {{ since }})

union

select links.movie_id
from warehouse.genres
join warehouse.movie_genres as links on links.genre_id = genres.id
where genres.created_date > {{ since }}
  or (genres.deleted and genres.deleted_date > {{ since }})

union

select links.movie_id
from warehouse.production_companies as companies
join warehouse.movie_production_companies as links on links.production_company_id = companies.id
where companies.created_date > {{ since }}
  or (companies.deleted and companies.deleted_date > {{ since }})
