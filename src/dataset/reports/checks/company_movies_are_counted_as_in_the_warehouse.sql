-- Companies whose films are not as many as their live links to live films. Reads: production_company_movies_report.

with built as (
  select production_company_id, count(*) as films
  from support.build_production_company_movies_report
  group by production_company_id
),

warehouse as (
  select links.production_company_id, count(*) as films
  from warehouse.movie_production_companies as links
  where not links.deleted
    and exists (select from warehouse.movies where movie_id = links.movie_id and not deleted)
    and exists (select from warehouse.production_companies where id = links.production_company_id and not deleted)
  group by links.production_company_id
)

select production_company_id, built.films as built_films, warehouse.films as warehouse_films
from built
full join warehouse using (production_company_id)
where built.films is distinct from warehouse.films
