-- score_parameters: what every film's score is drawn with: m, the 90th percentile of the votes of a film, and C, the mean of all
-- votes, both over films with votes, as movie_score_report computes them.
-- Reads: contribution, what every film brings.

with movie_votes as (
  select
    case when reported_vote_average is null then 0 else reported_vote_count end
      + calculated_vote_count as vote_count,
    coalesce(reported_vote_average * reported_vote_count, 0) + coalesce(calculated_vote_sum, 0) as vote_sum
  from contribution
),

ranked_votes as (
  select
    vote_count,
    vote_sum,
    row_number() over (order by vote_count) - 1 as place,
    0.9 * (count(*) over () - 1) as wanted_place
  from movie_votes
  where vote_count > 0
),

vote_percentile as (
  select
    min(vote_count)
      + (max(vote_count) - min(vote_count)) * (max(wanted_place) - floor(max(wanted_place))) as votes
  from ranked_votes
  where place in (floor(wanted_place), ceil(wanted_place))
)

select
  trim_scale(vote_percentile.votes) as m,
  round(round(sum(ranked_votes.vote_sum), 40) / sum(ranked_votes.vote_count), 10) as "C",
  sum(ranked_votes.vote_count) as vote_count_of_all,
  trim_scale(sum(ranked_votes.vote_sum)) as vote_sum_of_all
from ranked_votes
cross join vote_percentile
group by vote_percentile.votes
