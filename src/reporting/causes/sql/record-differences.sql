-- Writes the collected differences of a report to report_change.
-- grain: one row per difference: a cell of an updated row, or a whole row.
-- parameters: publication (integer), report (text), first_id (bigint), cause (a jsonb list), difference (table), joins.

insert into reporting.report_change
  (id, publication, report, row_key, change, column_name, old_value, new_value, cause)
select
  {{ first_id }}::bigint + difference.cell - 1,
  {{ publication }},
  {{ report }},
  difference.row_key,
  difference.change,
  difference.column_name,
  difference.old_value,
  difference.new_value,
  {{ cause }}
from {{ difference }} as difference
{{ joins }}
