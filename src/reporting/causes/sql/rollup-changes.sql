-- Changes in the records that are summed into entities, for example ratings: links that were added or moved to another entity,
-- each with its record, and the number of new records per file.
-- grain: one row per entity with changes; `list` is a JSON list as text.
-- parameters: since (timestamptz), table, links (the summed table and the table of the links; table_name, links_name as texts),
--   link_key, link_entity (columns; as texts link_key_name, link_entity_name), value_name (the summed column as text),
--   is_new_link (of link), is_new_record (of summed), was_live (of earlier), reasons (text[], of issues about a value),
--   has_unusable_links, has_unusable_records (whether any link or summed record has a value that could not be used), max_values.
-- If everything in the summed table is newer than `since`, the warehouse was rebuilt, and changes are unknown.

select entity, json_agg(json_strip_nulls(change) order by rank, place, change ->> 'key')::text as list
from (
  select
    moved.entity,
    1 as rank,
    moved.file_id as place,
    json_build_object(
      'table', {{ links_name }}::text, 'key', json_build_object({{ link_key_name }}, moved.key),
      'file', file.name, 'period', file.period, 'record', moved.record_number,
      'unusable', (
        select json_agg(json_build_object('field', issue.column_name, 'value', issue.value, 'reason', issue.reason))
        from support.issue
        where {{ has_unusable_links }}
          and issue.file_id = moved.file_id
          and issue.record_number = moved.record_number
          and issue.table_name = {{ links_name }}
          and issue.column_name = {{ link_entity_name }}
          and issue.reason = any({{ reasons }}::text[])
      )
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
      'table', {{ table_name }}::text, 'file', file.name, 'period', file.period, 'count', counted.count,
      'unusableCount', unreadable.count, 'unusable', unreadable.list
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
  left join (
    select
      link.{{ link_entity }} as entity,
      summed.file_id,
      count(*) as count,
      array_to_json((array_agg(
        json_build_object('field', issue.column_name, 'value', issue.value, 'reason', issue.reason)
        order by summed.record_number
      ))[1:{{ max_values }}]) as list
    from support.issue
    join {{ table }} as summed on summed.file_id = issue.file_id and summed.record_number = issue.record_number
    join {{ links }} as link on link.{{ link_key }} = summed.{{ link_key }} and not link.deleted
    where {{ has_unusable_records }}
      and issue.table_name = {{ table_name }}
      and issue.column_name = {{ value_name }}
      and issue.reason = any({{ reasons }}::text[])
      and {{ is_new_record }}
    group by 1, 2
  ) as unreadable on unreadable.entity = counted.entity and unreadable.file_id = counted.file_id
) as changes
group by entity
