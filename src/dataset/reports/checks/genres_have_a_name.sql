-- Genre rows without a name. Reads: genre_report.

select genre_id, year
from support.build_genre_report
where genre_name is null
