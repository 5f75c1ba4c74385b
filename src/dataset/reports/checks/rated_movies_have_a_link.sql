-- Films that have calculated votes, but no live link to a MovieLens film. Reads: movie_score_report.

select built.movie_id, built.calculated_vote_count
from support.build_movie_score_report as built
where built.calculated_vote_count > 0
  and not exists (
    select from warehouse.movie_links as link where link.movie_id = built.movie_id and not link.deleted
  )
