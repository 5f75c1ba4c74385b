import type { ClientBase } from 'pg';
import { raw, runSql, type SqlText, sql } from '../../database/sql.js';

/** Identifies what the warehouse, or one table of it, contains. */
export interface WarehouseState {
  /** Hash of which file was cleaned into which table, when and by which mapping. */
  readonly cleaned: string;
  /** Hash of the rows that were retired and restored manually. */
  readonly retired: string;
  /** When the last file was cleaned, to the microsecond; null before the first. Rows written later are newer. */
  readonly cleanedUntil: string | null;
}

/** Selects a part of the warehouse. */
export interface StateOptions {
  /** One table; all by default. */
  readonly table?: string | undefined;
  /** Ignore files that were cleaned after this time. */
  readonly until?: string | null | undefined;
}

/** A time as text with its microseconds, which a JavaScript date cannot hold. */
export function exactTime(column: string): SqlText {
  return raw(`to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`);
}

/**
 * The state of the warehouse, now or at the time when it had been cleaned up to a moment. Reports built from different states
 * must not be published together.
 */
export async function warehouseState(
  client: ClientBase,
  { table = undefined, until = null }: StateOptions = {},
): Promise<WarehouseState> {
  const ofTable = table ?? null;
  const { rows } = await runSql<WarehouseState>(
    client,
    sql`/* reporting.read_warehouse_state */
      with transform as (
        select * from support.file_transform
        where (${until}::timestamptz is null or created_date <= ${until}::timestamptz)
          and (${ofTable}::text is null or table_name = ${ofTable})
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
          where ${ofTable}::text is null or table_name = ${ofTable}
        ) as retired,
        (select ${exactTime('max(created_date)')} from transform) as "cleanedUntil"`,
  );
  return rows[0]!;
}

/** A state as one text, to compare it with another. */
export function stateText({ cleaned, retired }: WarehouseState): string {
  return `${cleaned} ${retired}`;
}

/**
 * Whether the only thing that happened since a state is that files of later months were cleaned, whose rows are recognized by the
 * time they were written. A late file of an earlier month and a retirement rewrite history in place, and a rebuilt warehouse
 * has lost the earlier times.
 */
export async function onlyGrewSince(
  client: ClientBase,
  state: WarehouseState,
  table?: string,
): Promise<boolean> {
  if (state.cleanedUntil === null) return false;
  const then = await warehouseState(client, { table, until: state.cleanedUntil });
  if (stateText(then) !== stateText(state)) return false;
  const ofTable = table ?? null;
  const { rowCount } = await runSql(
    client,
    sql`/* reporting.find_late_files */
      with cleaned as (
        select transform.table_name, transform.created_date > ${state.cleanedUntil}::timestamptz as is_new,
          file.period, file.id
        from support.file_transform as transform
        join source.file on file.id = transform.file_id
        where ${ofTable}::text is null or transform.table_name = ${ofTable}
      )
      select
      from cleaned as late
      join cleaned as earlier on earlier.table_name = late.table_name and not earlier.is_new
      where late.is_new and (earlier.period, earlier.id) > (late.period, late.id)
      limit 1`,
  );
  return rowCount === 0;
}
