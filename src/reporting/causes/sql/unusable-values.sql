-- The values of a contribution's record that could not be used, in the fields that the report reads and that changed.
-- grain: one row; `list` is a JSON list as text, null without such values.
-- parameters: is_reason (whether the record is why the contribution changed), file_id, record_number, table_name (of entities), fields
--   (text[]: those that the report reads), unchanged (a list of texts, some null: fields that are as before), reasons (text[]).

select json_agg(
  json_build_object('field', issue.column_name, 'value', issue.value, 'reason', issue.reason)
  order by issue.column_name
)::text as list
from support.issue
where {{ is_reason }}
  and issue.file_id = {{ file_id }}
  and issue.record_number = {{ record_number }}
  and issue.table_name = {{ table_name }}
  and issue.reason = any({{ reasons }}::text[])
  and issue.column_name = any({{ fields }}::text[])
  and issue.column_name <> all(array_remove(array[{{ unchanged }}]::text[], null))
