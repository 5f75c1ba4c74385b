-- Linked warehouse rows whose current version was written since a time, for cells that show one of their columns, such as a name.
-- grain: one row per linked row, with its key and the `cause` without old and new value.
-- parameters: since (timestamptz), table (table_name as text), key_columns (of now), key_object (arguments of jsonb_build_object),
--   same_row (of earlier and now), is_late (of file).

select
  {{ key_columns }},
  jsonb_strip_nulls(jsonb_build_object(
    'kind', 'changed', 'table', {{ table_name }}::text, 'key', jsonb_build_object({{ key_object }}),
    'version', now.version_id, 'earlierVersion', earlier.version_id,
    'file', file.name, 'period', file.period, 'record', now.record_number,
    'late', case when {{ is_late }} then true end
  )) as cause
from {{ table }} as now
left join source.file on file.id = now.file_id
left join lateral (
  select version_id
  from {{ table }} as earlier
  where {{ same_row }}
    and earlier.version_id <> now.version_id
    and earlier.created_date <= {{ since }}
  order by deleted_date desc
  limit 1
) as earlier on true
where not now.deleted and now.created_date > {{ since }}
