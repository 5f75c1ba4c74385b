import type { Pool } from 'pg';

/** What a check found, and its first offender as evidence. */
export interface FoundOffenders {
  readonly report: string;
  readonly check: string;
  readonly count: number;
  readonly first: unknown;
  /** Who let it through although it blocks; null where nobody had to or did. */
  readonly acceptedBy: string | null;
}

/** What the blocking checks of a run found; nothing where they passed. `support.check_result` has more of each. */
export function offendersOf(pool: Pool, runId: string): Promise<FoundOffenders[]> {
  return find(pool, "run_id = $1 and severity = 'blocking'", runId);
}

/** What the checks found that only warn or that was let through, of the builds that became a publication. */
export function warningsOf(pool: Pool, publication: number): Promise<FoundOffenders[]> {
  return find(pool, "publication = $1 and (severity = 'warning' or accepted_by is not null)", publication);
}

async function find(pool: Pool, which: string, value: unknown): Promise<FoundOffenders[]> {
  const { rows } = await pool.query<FoundOffenders>(
    `/* reporting.find_offenders */
     select report, check_name as "check", offender_count as "count", offenders -> 0 as "first",
       accepted_by as "acceptedBy"
     from support.check_result
     where ${which} and offender_count > 0
     order by id`,
    [value],
  );
  return rows;
}
