import type { Pool } from 'pg';
import { Fault } from '../../fault.js';

/**
 * The id of the run whose id begins with the given characters.
 *
 * @throws Fault `run_unknown` when no run or more than one matches
 */
export async function findRunId(pool: Pool, beginning: string): Promise<string> {
  const { rows } = await pool.query<{ id: string }>(
    `/* queue.find_run_id */
     select id::text from support.run where id::text like $1 || '%' order by created_date desc limit 2`,
    [beginning.toLowerCase()],
  );
  if (rows.length === 1) return rows[0]!.id;
  throw new Fault(
    'run_unknown',
    rows.length === 0
      ? `There is no run ${beginning}. List the runs with marquee runs.`
      : `More than one run's id begins with ${beginning}. Give more characters of the id.`,
  );
}
