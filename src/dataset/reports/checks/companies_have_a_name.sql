-- Company rows without a name. Reads: production_company_report.

select production_company_id, year
from support.build_production_company_report
where production_company_name is null
