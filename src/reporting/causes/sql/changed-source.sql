-- The newest version of a source of a contribution, and whether this source appeared or disappeared.
-- grain: at most one row; none if the contribution is on both sides or the entity itself changed.
-- parameters: is_new, is_gone (of the contribution), was_known (the source was known before), table (of the source),
--   is_source (of found).

select
  found.version_id,
  found.file_id,
  found.record_number,
  case when {{ is_new }} then not ({{ was_known }}) else found.deleted end as changed
from {{ table }} as found
where ({{ is_new }} or {{ is_gone }})
  and not entity_itself.changed
  and {{ is_source }}
order by found.deleted, found.deleted_date desc
limit 1
