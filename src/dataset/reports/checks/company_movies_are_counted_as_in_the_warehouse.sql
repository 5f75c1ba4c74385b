-- Companies whose number of films differs from their number of live links to live films. Reads: production_company_movies_report.
-- Parameter: all_rows boolean, whether to check all rows, not only the touched ones.

with built as (
  select production_company_id, count(*) as films
  from next_production_company_movies_report
  where {{ all_rows }} or production_company_id in (select production_company_id from touched_production_company_movies_report)
  group by production_company_id
),

warehouse as (
  select links.production_company_id, count(*) as films
  from warehouse.movie_production_companies as links
  where not links.deleted
    and ({{ all_rows }} or links.production_company_id in (select production_company_id from touched_production_company_movies_report))
    and exists (select from warehouse.movies where movie_id = links.movie_id and not deleted)
    and exists (select from warehouse.production_companies where id = links.production_company_id and not deleted)
  group by links.production_company_id
)

select production_company_id, built.films as built_films, warehouse.films as warehouse_films
from built
full join warehouse using (production_company_id)
where built.films is distinct from warehouse.films
