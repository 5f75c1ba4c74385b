-- Genres whose films are not as many as their live links to live films. Reads: movie_genre_report.

with built as (
  select genre_id, count(*) as films
  from support.build_movie_genre_report
  group by genre_id
),

warehouse as (
  select links.genre_id, count(*) as films
  from warehouse.movie_genres as links
  where not links.deleted
    and exists (select from warehouse.movies where movie_id = links.movie_id and not deleted)
    and exists (select from warehouse.genres where id = links.genre_id and not deleted)
  group by links.genre_id
)

select genre_id, built.films as built_films, warehouse.films as warehouse_films
from built
full join warehouse using (genre_id)
where built.films is distinct from warehouse.films
