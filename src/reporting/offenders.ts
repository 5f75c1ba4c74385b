import type { Pool } from 'pg';

/** What a blocking check found in a run, and its first offender as evidence. */
export interface FoundOffenders {
  readonly report: string;
  readonly check: string;
  readonly count: number;
  readonly first: unknown;
}

/** What the blocking checks of a run found; nothing where they passed. `support.check_result` has more of each. */
export async function offendersOf(pool: Pool, runId: string): Promise<FoundOffenders[]> {
  const { rows } = await pool.query<FoundOffenders>(
    `/* reporting.offenders_of */
     select report, check_name as "check", offender_count as "count", offenders -> 0 as "first"
     from support.check_result
     where run_id = $1 and severity = 'blocking' and offender_count > 0
     order by id`,
    [runId],
  );
  return rows;
}
