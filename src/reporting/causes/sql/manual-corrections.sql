-- Rows of the warehouse that were retired or restored manually between two builds.
-- grain: one row per retirement.
-- parameters: retired, restored (bigint[], ids of retirements).

select
  id,
  table_name,
  row_key,
  reason,
  id = any({{ restored }}::bigint[]) as restored,
  case when id = any({{ restored }}::bigint[]) then coalesce(restored_by, actor) else actor end as actor
from support.retirement
where id = any({{ retired }}::bigint[] || {{ restored }}::bigint[])
