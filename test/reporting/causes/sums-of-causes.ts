import type pg from 'pg';
import { reports } from '../../../src/dataset/reports/reports.js';

/**
 * The changes of a publication whose causes do not add up to what changed, in each summed column, those that add up only
 * since more is called rounding than rounding can be (half a cent for each amount told, and for the sum), and those whose
 * causes are none. Reckoned from `report_change` alone.
 */
export async function changesNotExplained(pool: pg.Pool, publication: number): Promise<unknown[]> {
  const summed = reports.flatMap(({ name, columns }) =>
    columns.filter((column) => column.sum !== undefined).map((column) => [name, column.name]),
  );
  const { rows } = await pool.query(
    `with summed as (
       select value ->> 0 as report, value ->> 1 as column_name from jsonb_array_elements($2::jsonb)
     ),
     cell as (
       select change.id, change.report, change.row_key, summed.column_name, change.cause,
         coalesce(case when change.change = 'update' then change.new_value
           else change.new_value::jsonb ->> summed.column_name end, '0')::numeric
         - coalesce(case when change.change = 'update' then change.old_value
           else change.old_value::jsonb ->> summed.column_name end, '0')::numeric as difference
       from reporting.report_change as change
       join summed on summed.report = change.report
         and (change.change <> 'update' or change.column_name = summed.column_name)
       where change.publication = $1
     )
     select report, row_key, column_name, difference, told.amount, cause
     from cell
     cross join lateral (
       select coalesce(sum(each.amount), 0) as amount,
         coalesce(abs(sum(each.amount) filter (where each.kind = 'rounding')), 0) as rounding,
         coalesce(sum(each.entities) filter (where each.kind <> 'rounding'), 0) as entities
       from (
         select entry ->> 'kind' as kind, (entry -> 'amounts' ->> cell.column_name)::numeric as amount,
           coalesce((entry ->> 'count')::integer, 1) as entities
         from jsonb_array_elements(cell.cause) as entry
       ) as each
     ) as told
     where told.amount <> difference or told.rounding > 0.005 * (told.entities + 1)
     union all
     select report, row_key, column_name, null, null, cause
     from reporting.report_change
     where publication = $1 and (cause = '[]' or cause @> '[{"kind": "unexplained"}]')`,
    [publication, JSON.stringify(summed)],
  );
  return rows;
}
