-- The rows of a report as they were at an earlier publication: the current rows, with all later changes undone.
-- grain: one row per row of the report at that time.
-- parameters: report (text), publication (integer), served (the published table), key_columns (of the relation key),
--   served_columns, earlier_columns (all columns, of these relations), same_key (of served and changed),
--   is_served (the condition that the row still exists).
-- Of all changes to a cell since then, only the first has the value it had at that time.

with change as materialized (
  select id, row_key, change, column_name, old_value
  from reporting.report_change
  where report = {{ report }} and publication > {{ publication }}
),

-- the first time that the whole row was inserted or deleted
whole as (
  select distinct on (row_key) row_key, id, change, old_value
  from change
  where change <> 'update'
  order by row_key, id
),

first_cell as (
  select distinct on (change.row_key, change.column_name)
    change.row_key,
    change.column_name,
    change.old_value
  from change
  left join whole on whole.row_key = change.row_key
  where change.change = 'update' and (whole.id is null or change.id < whole.id)
  order by change.row_key, change.column_name, change.id
),

cells as (
  select row_key, jsonb_object_agg(column_name, old_value) as old_values
  from first_cell
  group by row_key
),

changed as (
  select touched.row_key, {{ key_columns }}
  from (select distinct row_key from change) as touched
  cross join lateral jsonb_populate_record(null::{{ served }}, touched.row_key) as key
)

select {{ served_columns }}
from {{ served }} as served
where not exists (select from changed where {{ same_key }})

union all

select {{ earlier_columns }}
from changed
left join whole on whole.row_key = changed.row_key
left join cells on cells.row_key = changed.row_key
left join {{ served }} as served on {{ same_key }}
cross join lateral jsonb_populate_record(
  null::{{ served }}, coalesce(whole.old_value::jsonb, to_jsonb(served)) || coalesce(cells.old_values, '{}')
) as earlier
where whole.change = 'delete'
  or (whole.id is null and {{ is_served }})
