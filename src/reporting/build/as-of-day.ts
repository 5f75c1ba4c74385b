import type { ClientBase } from 'pg';
import { Fault } from '../../fault.js';

/** Up to when the reports look, and by which deliveries. */
export interface AsOf {
  /** The last day of the newest period loaded, as YYYY-MM-DD. Never the clock: a rebuild gives the same numbers. */
  readonly asOfDay: string;
  /** The newest period loaded, as YYYY-MM. */
  readonly period: string;
}

/**
 * Reads the as-of day from the ledger of loads. All reports of a publication are built for the same one.
 * A file counts once the warehouse knows it: another drop may be loaded meanwhile, and waits for its turn.
 * @throws Fault `nothing_loaded` when no file is loaded and cleaned yet.
 */
export async function readAsOf(client: ClientBase): Promise<AsOf> {
  const { rows } = await client.query<{ asOfDay: string; period: string }>(
    `/* reporting.read_as_of */
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
