-- Films whose averages or score are not between 0 and 10. Reads: movie_score_report.

select movie_id, reported_vote_average, calculated_vote_average, movie_score
from support.build_movie_score_report
where reported_vote_average not between 0 and 10
  or calculated_vote_average not between 0 and 10
  or movie_score not between 0 and 10
