-- Compares the built rows with the published rows by key.
-- grain: one row per change that report_change will list: a cell of an updated row, or a whole row that was inserted or
--   deleted. `cell` numbers them in that order.
-- parameters: key, numbered_key (column lists), row_key (the key as an object), key_and_values (the key, and of each compared
--   column old_<position> and new_<position>), is_missing_in_published, is_missing_in_build, published_row, built_row (whole
--   rows as JSON text), changed_positions, column_name, old_value, new_value (expressions), published, built (relations), same_key.
-- Values become text only where they differ, which in most rows of a small month are few.

select
  (before + cell.nth)::integer as cell,
  {{ numbered_key }},
  row_key,
  change,
  cell.column_position,
  cell.nth = 1 as is_first,
  {{ column_name }} as column_name,
  {{ old_value }} as old_value,
  {{ new_value }} as new_value
from (
  select
    compared.*,
    {{ row_key }} as row_key,
    sum(cardinality(positions)) over (order by {{ key }} rows unbounded preceding) - cardinality(positions) as before
  from (
    select
      {{ key_and_values }},
      case
        when {{ is_missing_in_published }} then 'insert'
        when {{ is_missing_in_build }} then 'delete'
        else 'update'
      end as change,
      case when {{ is_missing_in_build }} then {{ published_row }} end as old_row,
      case when {{ is_missing_in_published }} then {{ built_row }} end as new_row,
      case
        when {{ is_missing_in_published }} or {{ is_missing_in_build }} then array[0]
        else array_remove(array[{{ changed_positions }}]::integer[], null)
      end as positions
    from {{ published }} as served
    full join {{ built }} as built on {{ same_key }}
    offset 0 -- so that positions are computed once
  ) as compared
  where cardinality(positions) > 0
) as numbered
cross join lateral unnest(numbered.positions) with ordinality as cell (column_position, nth)
