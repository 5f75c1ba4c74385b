import type { ClientBase } from 'pg';

/** What the warehouse, or one table of it, stands at. */
export interface WarehouseState {
  /** Hash of which file went into which table, when and by which mapping. */
  readonly cleaned: string;
  /** Hash of what was retired and restored by hand. */
  readonly retired: string;
  /** When the last file was cleaned, to the microsecond; null before the first. Rows written after it are newer. */
  readonly cleanedUntil: string | null;
}

/** Which part of the warehouse is looked at. */
export interface StateOptions {
  /** One table; all unless told. */
  readonly table?: string | undefined;
  /** Only what had been cleaned by this time. */
  readonly until?: string | null | undefined;
}

/**
 * What the warehouse stands at, or stood at when it was cleaned up to a time. Reports built at different states must
 * not be published together.
 */
export async function warehouseState(
  client: ClientBase,
  { table, until }: StateOptions = {},
): Promise<WarehouseState> {
  const { rows } = await client.query<WarehouseState>(
    `/* reporting.warehouse_state */
     with transform as (
       select * from support.file_transform
       where ($1::timestamptz is null or created_date <= $1) and ($2::text is null or table_name = $2)
     )
     select
       (
         select md5(coalesce(string_agg(
           concat_ws(' ', file_id, table_name, mapping_version, extract(epoch from created_date)),
           ',' order by file_id, table_name
         ), ''))
         from transform
       ) as cleaned,
       (
         select md5(coalesce(
           string_agg(concat_ws(' ', id, extract(epoch from restored_date)), ',' order by id), ''
         ))
         from support.retirement
         where $2::text is null or table_name = $2
       ) as retired,
       (
         select to_char(max(created_date) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') from transform
       ) as "cleanedUntil"`,
    [until ?? null, table ?? null],
  );
  return rows[0]!;
}

/** One text for a state, to compare by. */
export function stateText({ cleaned, retired }: WarehouseState): string {
  return `${cleaned} ${retired}`;
}

/**
 * Whether since a state nothing happened but that files of later months were added, whose rows can be told by when
 * they were written. A later file of an earlier month rewrites history in place, as a retirement does, and a warehouse
 * made anew has nothing of before.
 */
export async function onlyGrewSince(
  client: ClientBase,
  state: WarehouseState,
  table?: string,
): Promise<boolean> {
  if (state.cleanedUntil === null) return false;
  const then = await warehouseState(client, { table, until: state.cleanedUntil });
  if (stateText(then) !== stateText(state)) return false;
  const { rowCount } = await client.query(
    `/* reporting.find_late_files */
     with cleaned as (
       select transform.table_name, transform.created_date > $1 as is_new, file.period, file.id
       from support.file_transform as transform
       join source.file on file.id = transform.file_id
       where $2::text is null or transform.table_name = $2
     )
     select
     from cleaned as late
     join cleaned as earlier on earlier.table_name = late.table_name and not earlier.is_new
     where late.is_new and (earlier.period, earlier.id) > (late.period, late.id)
     limit 1`,
    [state.cleanedUntil, table ?? null],
  );
  return rowCount === 0;
}
