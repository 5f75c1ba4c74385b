-- Tables in which a month gave other names to more than a fifth of the keys it mentions again, and to at least ten: the files of
-- another vendor or of a sample use the same ids for other things. Looks at the newest month, and at what was cleaned since the
-- newest publication. Reads: support.file_transform, source.file.

select file.period, string_agg(distinct file.name, ', ') as files, transform.table_name,
  sum(transform.renamed_count) as renamed_keys, sum(transform.known_count) as known_keys
from support.file_transform as transform
join source.file as file on file.id = transform.file_id
where file.state = 'loaded'
  and (
    file.period = to_char({{ as_of_day }}::date, 'YYYY-MM')
    or transform.created_date > (select max(published_date) from reporting.publication)
  )
group by file.period, transform.table_name
having sum(transform.renamed_count) >= 10
  and sum(transform.renamed_count) > 0.2 * sum(transform.known_count)
