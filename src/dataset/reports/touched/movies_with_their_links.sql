-- Films with changes in their own data, companies, genres or the names of these, and films that the as-of day has
-- released. parameters: $1 timestamptz, changes after this time; $2 date, the as-of day then; $3 date, the as-of day now.

select movie_id as entity
from warehouse.movies
where created_date > $1
  or (deleted and deleted_date > $1)
  or (not deleted and release_date > $2::date and release_date <= $3::date)

union

select movie_id
from warehouse.movie_genres
where created_date > $1
  or (deleted and deleted_date > $1)

union

select movie_id
from warehouse.movie_production_companies
where created_date > $1
  or (deleted and deleted_date > $1)

union

select links.movie_id
from warehouse.genres
join warehouse.movie_genres as links on links.genre_id = genres.id
where genres.created_date > $1
  or (genres.deleted and genres.deleted_date > $1)

union

select links.movie_id
from warehouse.production_companies as companies
join warehouse.movie_production_companies as links on links.production_company_id = companies.id
where companies.created_date > $1
  or (companies.deleted and companies.deleted_date > $1)
