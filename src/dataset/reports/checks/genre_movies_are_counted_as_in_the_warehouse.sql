-- Genres whose number of films differs from their number of live links to live films. Reads: movie_genre_report.
-- Parameter: all_rows boolean, whether to check all rows, not only the touched ones.

with built as (
  select genre_id, count(*) as films
  from next_movie_genre_report
  where {{ all_rows }} or genre_id in (select genre_id from touched_movie_genre_report)
  group by genre_id
),

warehouse as (
  select links.genre_id, count(*) as films
  from warehouse.movie_genres as links
  where not links.deleted
    and ({{ all_rows }} or links.genre_id in (select genre_id from touched_movie_genre_report))
    and exists (select from warehouse.movies where movie_id = links.movie_id and not deleted)
    and exists (select from warehouse.genres where id = links.genre_id and not deleted)
  group by links.genre_id
)

select genre_id, built.films as built_films, warehouse.films as warehouse_films
from built
full join warehouse using (genre_id)
where built.films is distinct from warehouse.films
