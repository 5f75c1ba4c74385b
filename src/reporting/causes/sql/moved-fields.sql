-- The fields in which two versions of an entity that moved differ, as the text of a JSON list; an expression.
-- parameters: fields (a list of texts).

case when moved_from.version is not null then (
  select jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
    'field', field, 'old', moved_from.fields ->> field, 'new', moved_to.fields ->> field
  )) order by field)
  from unnest(array[{{ fields }}]::text[]) as field
  where moved_from.fields ? field and moved_from.fields ->> field is distinct from moved_to.fields ->> field
) end::text
