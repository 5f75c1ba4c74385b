-- The manual corrections that changed a contribution which is on both sides, without being one of its sources.
-- grain: one row; `list` is null without such corrections.
-- parameters: is_new, is_gone (of the contribution), max_listed.

select
  jsonb_agg(jsonb_build_object(
    'kind', case when first.restored then 'restored' else 'retired' end,
    'table', first.table_name, 'key', first.row_key, 'by', first.actor, 'reason', first.reason
  ) order by first.id) as list
from (
  select correction.*
  from correction
  join side_effect on side_effect.id = correction.id
  where side_effect.entity = built.entity
    and not ({{ is_new }} or {{ is_gone }})
    and known.version = built.version
  order by correction.id
  limit {{ max_listed }}
) as first
