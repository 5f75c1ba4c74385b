-- Films with changes in their own data, companies, genres or the names of these.
-- parameters: since timestamptz, changes after this time.

select movie_id as entity
from warehouse.movies
where created_date > {{ since }}
  or (deleted and deleted_date > {{ since }})

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
