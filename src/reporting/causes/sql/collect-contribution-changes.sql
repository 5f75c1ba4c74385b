-- Compares the built contributions with the published ones.
-- grain: one row per contribution that appeared, disappeared or changed.
-- parameters: key (columns of the row's key and the entity, of either side), is_new, is_gone, amounts (jsonb), differing (a list of
--   column names), cause (text of a JSON object), is_of_data (whether anything but the definition can be the cause), published, built
--   (relations), same_contribution, joins, is_different.

select
  {{ key }},
  {{ is_new }} as came,
  {{ is_gone }} as went,
  {{ amounts }} as amounts,
  array_remove(array[{{ differing }}]::text[], null) as differing,
  case when {{ is_of_data }} then ('[' || {{ cause }} || ']')::jsonb end as causes
from {{ published }} as known
full join {{ built }} as built on {{ same_contribution }}
{{ joins }}
where {{ is_different }}
