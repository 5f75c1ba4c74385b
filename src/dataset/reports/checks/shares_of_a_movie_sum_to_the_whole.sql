-- Films whose shares differ in sum from the whole by more than half a cent per company. Reads: production_company_movies_report.

select movie_id, max(budget) as budget, sum(budget_share) as budget_shares, max(revenue) as revenue,
  sum(revenue_share) as revenue_shares, max(profit) as profit, sum(profit_share) as profit_shares
from support.build_production_company_movies_report
group by movie_id
having abs(max(budget) - sum(budget_share)) > 0.005 * count(*)
  or abs(max(revenue) - sum(revenue_share)) > 0.005 * count(*)
  or abs(max(profit) - sum(profit_share)) > 0.005 * count(*)
  or (max(budget) is null) <> (sum(budget_share) is null)
  or (max(revenue) is null) <> (sum(revenue_share) is null)
  or (max(profit) is null) <> (sum(profit_share) is null)
