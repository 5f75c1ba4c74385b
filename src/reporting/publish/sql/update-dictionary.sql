-- Updates data_dictionary: report columns from the definitions, warehouse columns from the database's types and comments, and where
-- each comes from by the newest mapping.
-- grain: one row per column.
-- parameters: columns (jsonb, the columns of reports), is_lasting (the condition that a table of the warehouse is not a work table).

with report_column as (
  select 'reporting' as schema_name, "table" as table_name, name as column_name, "position",
    case type when 'int' then 'integer' else type end as data_type, unit, meaning as description,
    null::text as origin
  from jsonb_to_recordset({{ columns }}::jsonb) as entry (
    "table" text, name text, "position" integer, type text, unit text, meaning text
  )
),
warehouse_column as (
  select 'warehouse' as schema_name, relation.relname::text as table_name, field.attname::text as column_name,
    field.attnum::integer as "position", format_type(field.atttypid, field.atttypmod) as data_type,
    null::text as unit, coalesce(col_description(relation.oid, field.attnum), '') as description,
    (
      select string_agg(
        concat_ws('.', mapping.source_schema, mapping.source_table, mapping.source_field)
          || coalesce(' (' || mapping.transform || ')', ''),
        ', ' order by mapping.position
      )
      from support.data_mapping as mapping
      where mapping.mapping_version = (select max(number) from support.mapping_version)
        and mapping.end_schema = 'warehouse'
        and mapping.end_table = relation.relname
        and mapping.end_field = field.attname
    ) as origin
  from pg_class as relation
  join pg_attribute as field
    on field.attrelid = relation.oid and field.attnum > 0 and not field.attisdropped
  where relation.relnamespace = 'warehouse'::regnamespace
    and relation.relkind in ('r', 'p')
    and not relation.relispartition and {{ is_lasting }}
),
entry as (
  select * from report_column union all select * from warehouse_column
),
gone as (
  delete from reporting.data_dictionary as known
  where not exists (
    select from entry
    where (entry.schema_name, entry.table_name, entry.column_name)
      = (known.schema_name, known.table_name, known.column_name)
  )
)
insert into reporting.data_dictionary as known
  (schema_name, table_name, column_name, position, data_type, unit, description, origin)
select schema_name, table_name, column_name, "position", data_type, unit, description, origin from entry
on conflict (schema_name, table_name, column_name) do update
set position = excluded.position, data_type = excluded.data_type, unit = excluded.unit,
  description = excluded.description, origin = excluded.origin
where (known.position, known.data_type, known.unit, known.description, known.origin)
  is distinct from
  (excluded.position, excluded.data_type, excluded.unit, excluded.description, excluded.origin)
