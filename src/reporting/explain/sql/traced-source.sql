-- The warehouse rows of one source that the contributions to a row of a report depend on. Each is the version that was live when the
-- published reports were built, or the newest version if that can no longer be determined.
-- grain: one row per source row, and for links per entity.
-- parameters: entity (expression), key_object (arguments of jsonb_build_object), found (columns of found and its file),
--   contribution_columns, contribution, has_key (of contribution), publication (integer), table, is_source (of version and traced).

select
  {{ entity }},
  jsonb_build_object({{ key_object }}) as key,
  {{ found }}
from (
  select distinct {{ contribution_columns }}
  from {{ contribution }} as contribution
  where {{ has_key }}
) as traced
cross join (
  select built_date from support.publication_state where publication = {{ publication }}
) as published
cross join lateral (
  select *
  from {{ table }} as version
  where {{ is_source }}
  order by
    version.created_date <= published.built_date
      and (not version.deleted or version.deleted_date > published.built_date) desc,
    version.deleted,
    version.deleted_date desc
  limit 1
) as found
join source.file on file.id = found.file_id
