-- Changes in the records that are summed into entities, for example ratings: links that were added or moved to another entity,
-- each with its record, and the number of new records per file.
-- grain: one row per entity with changes; `list` is a JSON list as text.
-- parameters: since (timestamptz), table, links (the summed table and the table of the links; table_name, links_name as texts),
--   link_key, link_entity (columns; link_key_name as text), is_new_link (of link), is_new_record (of summed), was_live (of earlier).
-- If everything in the summed table is newer than `since`, the warehouse was rebuilt, and changes are unknown.

select entity, json_agg(change order by rank, place, change ->> 'key')::text as list
from (
  select
    moved.entity,
    1 as rank,
    moved.file_id as place,
    json_build_object(
      'table', {{ links_name }}::text, 'key', json_build_object({{ link_key_name }}, moved.key),
      'file', file.name, 'period', file.period, 'record', moved.record_number
    ) as change
  from (
    select link.{{ link_entity }} as entity, link.{{ link_key }}::text as key, link.file_id, link.record_number
    from {{ links }} as link
    where {{ is_new_link }}
      and not exists (
        select from {{ links }} as earlier
        where earlier.{{ link_key }} = link.{{ link_key }}
          and earlier.{{ link_entity }} = link.{{ link_entity }}
          and {{ was_live }}
      )
    union all
    select earlier.{{ link_entity }}, earlier.{{ link_key }}::text, link.file_id, link.record_number
    from {{ links }} as earlier
    join {{ links }} as link on link.{{ link_key }} = earlier.{{ link_key }}
    where {{ was_live }}
      and {{ is_new_link }}
      and link.{{ link_entity }} is distinct from earlier.{{ link_entity }}
  ) as moved
  join source.file on file.id = moved.file_id
  where moved.entity is not null

  union all

  select
    counted.entity,
    2,
    counted.file_id,
    json_build_object(
      'table', {{ table_name }}::text, 'file', file.name, 'period', file.period, 'count', counted.count
    )
  from (
    select link.{{ link_entity }} as entity, summed.file_id, sum(summed.count) as count
    from (
      -- counted before the links are looked up: a month has thousands of records with the same key
      select summed.{{ link_key }}, summed.file_id, count(*) as count
      from {{ table }} as summed
      where {{ is_new_record }}
        and exists (
          select from support.file_transform as transform
          where transform.table_name = {{ table_name }} and transform.created_date <= {{ since }}
        )
      group by 1, 2
    ) as summed
    join {{ links }} as link on link.{{ link_key }} = summed.{{ link_key }} and not link.deleted
    group by 1, 2
  ) as counted
  join source.file on file.id = counted.file_id
) as changes
group by entity
