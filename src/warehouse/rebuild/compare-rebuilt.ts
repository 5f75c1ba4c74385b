import type { Pool } from 'pg';
import { identifier } from '../../database/identifier.js';
import type { TablePlan } from '../mapping/table-plan.js';
import { rebuildSchema } from '../tables/rebuild-tables.js';

/** A field that differs between the live warehouse and the rebuilt one. */
export interface FieldDifference {
  readonly field: string;
  readonly live: unknown;
  readonly rebuilt: unknown;
}

/** A row of history that differs between the two. */
export interface RowDifference {
  readonly key: Readonly<Record<string, unknown>>;
  readonly validFrom: string | null;
  /** `live`: only in the live warehouse; `rebuilt`: only in the rebuilt one; `both`: in both, with different fields. */
  readonly side: 'live' | 'rebuilt' | 'both';
  readonly fields: readonly FieldDifference[];
}

export interface TableComparison {
  readonly table: string;
  readonly rows: number;
  readonly differences: number;
  /** The first differences. */
  readonly shown: readonly RowDifference[];
}

/** Maximum number of differences listed per table. */
const maxShown = 20;

/**
 * Compares a table with its rebuilt counterpart, row by row and field by field, live rows and closed ones. It ignores row
 * numbers, system times, and rows that no file supports any more because a late file changed the history.
 */
export async function compareRebuilt(pool: Pool, plan: TablePlan): Promise<TableComparison> {
  const { rows: found } = await pool.query<{ name: string }>(
    `/* warehouse.compared_columns */
     select attname::text as name from pg_attribute a
     left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
     where attrelid = to_regclass($1) and attnum > 0 and not attisdropped
       and attname not in ('created_date', 'deleted_date')
       and coalesce(pg_get_expr(d.adbin, d.adrelid), '') not like 'nextval(%'
     order by attnum`,
    [identifier('warehouse', plan.table)],
  );
  const columns = found.map(({ name }) => name);
  const standard = columns.includes('standard');
  const side = (schema: string) => `
    select ${columns.map((name) => identifier(name)).join(', ')} from ${identifier(schema, plan.table)}
    where record_number is not null${standard ? ' or standard' : ''}`;
  // The columns by which a version is found in the other warehouse.
  const name = [...plan.keys.map(({ field }) => field), 'valid_from', 'file_id', 'deleted'];
  const { rows } = await pool.query<{
    rows: number;
    differences: number;
    shown: { live: Record<string, unknown> | null; rebuilt: Record<string, unknown> | null }[] | null;
  }>(
    `/* warehouse.compare_rebuilt */
     with live as materialized (${side('warehouse')}),
     rebuilt as materialized (${side(rebuildSchema)}),
     only_live as (select * from live except all select * from rebuilt),
     only_rebuilt as (select * from rebuilt except all select * from live),
     differing as (
       select to_jsonb(l) as live, to_jsonb(r) as rebuilt
       from (select *, row_number() over (partition by ${name.map((column) => identifier(column)).join(', ')}) as nth from only_live) l
       full join (select *, row_number() over (partition by ${name.map((column) => identifier(column)).join(', ')}) as nth from only_rebuilt) r
         on l.nth = r.nth and ${name.map((column) => `l.${identifier(column)} = r.${identifier(column)}`).join(' and ')}
     )
     select (select count(*)::integer from rebuilt) as rows, (select count(*)::integer from differing) as differences,
            (select jsonb_agg(d) from (select * from differing order by coalesce(live, rebuilt)::text limit ${maxShown}) d) as shown`,
  );
  const [result] = rows;
  return {
    table: plan.table,
    rows: result!.rows,
    differences: result!.differences,
    shown: (result!.shown ?? []).map(({ live, rebuilt }) => describe(plan, columns, live, rebuilt)),
  };
}

function describe(
  plan: TablePlan,
  columns: readonly string[],
  live: Record<string, unknown> | null,
  rebuilt: Record<string, unknown> | null,
): RowDifference {
  const row = (live ?? rebuilt)!;
  return {
    key: Object.fromEntries(plan.keys.map(({ field }) => [field, row[field]])),
    validFrom: row.valid_from as string | null,
    side: live === null ? 'rebuilt' : rebuilt === null ? 'live' : 'both',
    fields:
      live === null || rebuilt === null
        ? []
        : columns
            .filter((column) => JSON.stringify(live[column]) !== JSON.stringify(rebuilt[column]))
            .map((field) => ({ field, live: live[field], rebuilt: rebuilt[field] })),
  };
}
