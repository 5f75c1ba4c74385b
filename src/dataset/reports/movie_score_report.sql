-- movie_score_report: votes, score and financials of films.
-- grain: one row per live film, including films without a release date.
-- parameters: entities integer[], the films to read, null for all. Reads the rollup rating_totals.
--
-- The score is (v R + m C) / (v + m): the mean of a film's votes, pulled toward the mean of all films when the film
-- has few votes. v is the film's number of votes, reported and calculated; R is their mean; m is the 90th
-- percentile of v, and C the mean of all votes, both over the films with votes. Sums of votes (v R) are used
-- instead of means until the last step, so that only the result is rounded. Averages are on a scale of 0 to 10:
-- the five stars of the raters are doubled.
--
-- The first statement computes the votes of each film, the second m and C over all films, the third the rows.

with movies as (
  select
    films.*,
    coalesce(vote_count, 0) as reported_vote_count,
    case when vote_count > 0 then vote_average end as reported_vote_average
  from {{ films_with_money }} as films
  where {{ entities }}::integer[] is null or movie_id = any({{ entities }})
),

calculated_votes as (
  select
    links.movie_id,
    sum(rating_totals.rating_count) as vote_count,
    sum(rating_totals.rating_sum) * 2 as vote_sum
  from warehouse.movie_links as links
  join rating_totals on rating_totals.movielens_id = links.movielens_id
  where not links.deleted
    and links.movie_id is not null
    and ({{ entities }}::integer[] is null or links.movie_id = any({{ entities }}))
  group by links.movie_id
)

select
  movies.movie_id,
  movies.movie_id as entity,
  movies.title as entity_name,
  movies.id as version,
  movies.file_id,
  movies.record_number,
  null::text as left_out,
  movies.reported_vote_average,
  movies.reported_vote_count,
  coalesce(calculated_votes.vote_count, 0) as calculated_vote_count,
  calculated_votes.vote_sum as calculated_vote_sum,
  trim_scale(movies.known_budget) as budget,
  trim_scale(movies.known_revenue) as revenue,
  trim_scale(movies.profit) as profit,
  movies.release_date
from movies
left join calculated_votes on calculated_votes.movie_id = movies.movie_id;

with movie_votes as (
  select
    -- reported votes without an average have no weight
    case when reported_vote_average is null then 0 else reported_vote_count end
      + calculated_vote_count as vote_count,
    coalesce(reported_vote_average * reported_vote_count, 0) + coalesce(calculated_vote_sum, 0) as vote_sum
  from contribution
),

ranked_votes as (
  select
    vote_count,
    row_number() over (order by vote_count) - 1 as place,
    0.9 * (count(*) over () - 1) as wanted_place
  from movie_votes
  where vote_count > 0
),

-- percentile_cont(0.9) in exact numbers: the function of Postgres uses floating point
vote_percentile as (
  select
    min(vote_count)
      + (max(vote_count) - min(vote_count)) * (max(wanted_place) - floor(max(wanted_place))) as votes
  from ranked_votes
  where place in (floor(wanted_place), ceil(wanted_place))
),

all_votes as (
  select
    sum(vote_count) as vote_count,
    sum(vote_sum) as vote_sum
  from movie_votes
  where vote_count > 0
)

select
  trim_scale(vote_percentile.votes) as m,
  -- for display only; the rows use the sum and the count
  round(round(all_votes.vote_sum, 40) / all_votes.vote_count, 10) as "C",
  all_votes.vote_count as vote_count_of_all,
  trim_scale(all_votes.vote_sum) as vote_sum_of_all
from vote_percentile
cross join all_votes;

with movie_votes as (
  select
    contribution.*,
    -- 40 places before the division, so that the mean is rounded only once
    round(calculated_vote_sum, 40) / nullif(calculated_vote_count, 0) as calculated_vote_average,
    case when reported_vote_average is null then 0 else reported_vote_count end
      + calculated_vote_count as vote_count,
    coalesce(reported_vote_average * reported_vote_count, 0) + coalesce(calculated_vote_sum, 0) as vote_sum
  from contribution
)

select
  movie_votes.movie_id,
  movie_votes.entity_name as movie_name,
  round(movie_votes.reported_vote_average, 2) as reported_vote_average,
  movie_votes.reported_vote_count,
  round(movie_votes.calculated_vote_average, 2) as calculated_vote_average,
  movie_votes.calculated_vote_count,
  case
    when movie_votes.vote_count > 0 then
      round(
        round(movie_votes.vote_sum * global_aggregates.vote_count_of_all + global_aggregates.m * global_aggregates.vote_sum_of_all, 40)
          / ((movie_votes.vote_count + global_aggregates.m) * global_aggregates.vote_count_of_all),
        4
      )
  end as movie_score,
  movie_votes.budget,
  movie_votes.revenue,
  movie_votes.profit,
  movie_votes.release_date,
  file.name as source_file,
  movie_votes.record_number as source_record
from movie_votes
cross join global_aggregates
join source.file on file.id = movie_votes.file_id
