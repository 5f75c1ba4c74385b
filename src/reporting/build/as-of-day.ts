import type { Queryable } from '../../database/queryable.js';
import { runSql, sql } from '../../database/sql.js';
import { Fault } from '../../fault.js';

/** The day that reports look back from, and the period it belongs to. */
export interface AsOf {
  /** The last day of the newest period loaded, as YYYY-MM-DD. Never today's date: a rebuild must give the same numbers. */
  readonly asOfDay: string;
  /** The newest period loaded, as YYYY-MM. */
  readonly period: string;
}

/**
 * Reads the as-of day from the ledger of loads. All reports of a publication use the same one.
 * Only cleaned files count: another drop may be loading meanwhile and is waiting for its turn.
 * @throws Fault `nothing_loaded` when no file is loaded and cleaned yet.
 */
export async function readAsOf(client: Queryable): Promise<AsOf> {
  const { rows } = await runSql<{ asOfDay: string; period: string }>(
    client,
    sql`/* reporting.read_as_of */
      select period, ((period || '-01')::date + interval '1 month' - interval '1 day')::date::text as "asOfDay"
      from source.file
      where state = 'loaded'
        and exists (select from support.file_transform where file_id = file.id)
      order by period desc
      limit 1`,
  );
  if (rows[0] === undefined) {
    throw new Fault(
      'nothing_loaded',
      'No file is loaded and cleaned, so there is nothing to report on: ingest a drop first.',
    );
  }
  return rows[0];
}
