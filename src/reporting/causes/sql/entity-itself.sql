-- Whether the entity itself appeared in the warehouse or disappeared from it.
-- grain: one row.
-- parameters: is_new, is_gone (of the contribution), was_known (the entity was known before), table (of entities),
--   is_live_entity (of live).

select
  case
    when {{ is_new }} then not ({{ was_known }})
    when {{ is_gone }} then not exists (
      select from {{ table }} as live where {{ is_live_entity }} and not live.deleted
    )
    else false
  end as changed
offset 0 -- so that it is computed once
