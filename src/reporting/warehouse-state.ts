import type { ClientBase } from 'pg';

/** What the warehouse stands at. */
export interface WarehouseState {
  /** Hash of which file went into which table, when and by which mapping. */
  readonly cleaned: string;
  /** Hash of what was retired and restored by hand. */
  readonly retired: string;
  /** When the last file was cleaned, to the microsecond; null before the first. Rows written after it are newer. */
  readonly cleanedUntil: string | null;
}

/**
 * What the warehouse stands at, or stood at when it was cleaned up to a time. Reports built at different states must
 * not be published together.
 */
export async function warehouseState(
  client: ClientBase,
  until: string | null = null,
): Promise<WarehouseState> {
  const { rows } = await client.query<WarehouseState>(
    `/* reporting.warehouse_state */
     select
       (
         select md5(coalesce(string_agg(
           concat_ws(' ', file_id, table_name, mapping_version, extract(epoch from created_date)),
           ',' order by file_id, table_name
         ), ''))
         from support.file_transform
         where $1::timestamptz is null or created_date <= $1
       ) as cleaned,
       (
         select md5(coalesce(
           string_agg(concat_ws(' ', id, extract(epoch from restored_date)), ',' order by id), ''
         ))
         from support.retirement
       ) as retired,
       (
         select to_char(max(created_date) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
         from support.file_transform
       ) as "cleanedUntil"`,
    [until],
  );
  return rows[0]!;
}

/** One text for a state, to compare by. */
export function stateText({ cleaned, retired }: WarehouseState): string {
  return `${cleaned} ${retired}`;
}
