-- The current version of an entity that moved between rows: no source explains why its contribution appeared or disappeared.
-- grain: at most one row.
-- parameters: is_new, is_gone (of the contribution), source (the number of the source), table (of entities),
--   version (its column), is_live_entity (of live).

select
  live.{{ version }} as version,
  live.file_id,
  live.record_number,
  to_jsonb(live) as fields
from {{ table }} as live
where ({{ is_new }} or {{ is_gone }})
  and {{ source }} is null
  and {{ is_live_entity }}
  and not live.deleted
limit 1
