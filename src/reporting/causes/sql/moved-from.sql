-- The version of an entity before it moved between rows.
-- grain: at most one row.
-- parameters: table (of entities), version (its column), is_earlier_entity, was_live (of earlier).

select
  earlier.{{ version }} as version,
  to_jsonb(earlier) as fields
from {{ table }} as earlier
where moved_to.version is not null -- otherwise every entity would be looked up
  and {{ is_earlier_entity }}
  and earlier.{{ version }} <> moved_to.version
  and {{ was_live }}
limit 1
