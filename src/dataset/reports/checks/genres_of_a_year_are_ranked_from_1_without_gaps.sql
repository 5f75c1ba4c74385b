-- Genres whose rank is not their position among the ranks of their year. Reads: genre_report.

select year, genre_id, popularity_rank, place
from (
  select
    year,
    genre_id,
    popularity_rank,
    row_number() over (partition by year order by popularity_rank) as place
  from support.build_genre_report
) as ranked
where popularity_rank is distinct from place
