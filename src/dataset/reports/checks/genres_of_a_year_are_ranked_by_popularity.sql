-- Genres ranked below a less popular genre of their year, or below one of unknown popularity. Reads: genre_report.

select year, genre_id, popularity_rank, average_popularity, popularity_before
from (
  select
    year,
    genre_id,
    popularity_rank,
    average_popularity,
    popularity_rank > 1 as has_before,
    lag(average_popularity) over (partition by year order by popularity_rank) as popularity_before
  from support.build_genre_report
) as ranked
where has_before
  and average_popularity is not null
  and (popularity_before is null or popularity_before < average_popularity)
