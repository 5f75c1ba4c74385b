-- movie_score_report: votes and score of films.
-- grain: one row per live film, with or without a release date.
-- parameters: none.
--
-- The score is (v R + m C) / (v + m), a film's mean pulled towards the mean of all films the fewer votes it
-- has: v the votes of a film, reported and calculated; R their mean; m the 90th percentile of v and C the mean
-- of all votes, both over films with votes. Sums of votes (v R) stand in for the means until the last step,
-- so that nothing is rounded before it. Averages are on a scale of ten, the raters' five stars doubled.

with movies as (
  select
    movie_id,
    title as movie_name,
    nullif(budget, 0) as budget,
    nullif(revenue, 0) as revenue,
    release_date,
    coalesce(vote_count, 0) as reported_vote_count,
    case when vote_count > 0 then vote_average end as reported_vote_average,
    file_id,
    record_number
  from warehouse.movies
  where not deleted
),

movie_links as (
  select
    movielens_id,
    movie_id
  from warehouse.movie_links
  where not deleted
    and movie_id is not null
),

rating_totals as (
  select
    movielens_id,
    count(rating) as rating_count,
    sum(rating) as rating_sum
  from warehouse.movie_ratings
  where not deleted
  group by movielens_id
),

calculated_votes as (
  select
    movie_links.movie_id,
    sum(rating_totals.rating_count) as vote_count,
    sum(rating_totals.rating_sum) * 2 as vote_sum
  from movie_links
  join rating_totals on rating_totals.movielens_id = movie_links.movielens_id
  group by movie_links.movie_id
),

movie_votes as (
  select
    movies.*,
    coalesce(calculated_votes.vote_count, 0) as calculated_vote_count,
    -- 40 places before the division: the mean is then rounded once, not twice
    round(calculated_votes.vote_sum, 40) / nullif(calculated_votes.vote_count, 0) as calculated_vote_average,
    -- reported votes without an average cannot weigh
    case when movies.reported_vote_average is null then 0 else movies.reported_vote_count end
      + coalesce(calculated_votes.vote_count, 0) as vote_count,
    coalesce(movies.reported_vote_average * movies.reported_vote_count, 0)
      + coalesce(calculated_votes.vote_sum, 0) as vote_sum
  from movies
  left join calculated_votes on calculated_votes.movie_id = movies.movie_id
),

ranked_votes as (
  select
    vote_count,
    row_number() over (order by vote_count) - 1 as place,
    0.9 * (count(*) over () - 1) as wanted_place
  from movie_votes
  where vote_count > 0
),

-- percentile_cont(0.9), which Postgres has in floating point only
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
  movie_votes.movie_id,
  movie_votes.movie_name,
  round(movie_votes.reported_vote_average, 2) as reported_vote_average,
  movie_votes.reported_vote_count,
  round(movie_votes.calculated_vote_average, 2) as calculated_vote_average,
  movie_votes.calculated_vote_count,
  case
    when movie_votes.vote_count > 0 then
      round(
        round(movie_votes.vote_sum * all_votes.vote_count + vote_percentile.votes * all_votes.vote_sum, 40)
          / ((movie_votes.vote_count + vote_percentile.votes) * all_votes.vote_count),
        4
      )
  end as movie_score,
  trim_scale(movie_votes.budget) as budget,
  trim_scale(movie_votes.revenue) as revenue,
  trim_scale(movie_votes.revenue - movie_votes.budget) as profit,
  movie_votes.release_date,
  file.name as source_file,
  movie_votes.record_number as source_record
from movie_votes
cross join vote_percentile
cross join all_votes
join source.file on file.id = movie_votes.file_id
