-- Live films without a row, and rows without a live film. Reads: movie_score_report.

select movie_id, built.movie_id is not null as is_built, warehouse.movie_id is not null as is_live
from support.build_movie_score_report as built
full join (select movie_id from warehouse.movies where not deleted) as warehouse using (movie_id)
where built.movie_id is null or warehouse.movie_id is null
