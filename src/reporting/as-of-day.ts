import type { ClientBase } from 'pg';
import { Fault } from '../fault.js';

/** Up to when the reports look, and by which deliveries. */
export interface AsOf {
  /** The last day of the newest period loaded, as YYYY-MM-DD. Never the clock: a rebuild gives the same numbers. */
  readonly asOfDay: string;
  /** The newest period loaded, as YYYY-MM. */
  readonly period: string;
}

/**
 * Reads the as-of day from the ledger of loads. All reports of a publication are built for the same one.
 * @throws Fault `nothing-loaded` when no file is loaded yet.
 */
export async function readAsOf(client: ClientBase): Promise<AsOf> {
  const { rows } = await client.query<{ asOfDay: string; period: string }>(
    `/* reporting.read_as_of */
     select period, ((period || '-01')::date + interval '1 month' - interval '1 day')::date::text as "asOfDay"
     from source.file
     where state = 'loaded'
     order by period desc
     limit 1`,
  );
  if (rows[0] === undefined) {
    throw new Fault(
      'nothing-loaded',
      'No file is loaded, so there is nothing to report on: ingest a drop first.',
    );
  }
  return rows[0];
}
