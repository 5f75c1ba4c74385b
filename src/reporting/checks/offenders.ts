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

/**
 * What the checks found that only warn or that was let through, of the builds that became a publication; of a rollback, what
 * they found of the publication whose state it shows.
 */
export function warningsOf(pool: Pool, publication: number): Promise<FoundOffenders[]> {
  return find(
    pool,
    `publication in (
       with recursive shown as (
         select number, restores from reporting.publication where number = $1
         union all
         select earlier.number, earlier.restores
         from reporting.publication as earlier join shown on earlier.number = shown.restores
       )
       select number from shown
     ) and (severity = 'warning' or accepted_by is not null)`,
    publication,
  );
}

/**
 * Builds that changed nothing belong to the publication that stays, so a check may have found the same several times, or less
 * where it looked at little: what it found most of is told.
 */
async function find(pool: Pool, which: string, value: unknown): Promise<FoundOffenders[]> {
  const { rows } = await pool.query<FoundOffenders>(
    `/* reporting.find_offenders */
     select report, check_name as "check", offender_count as "count", offenders -> 0 as "first",
       accepted_by as "acceptedBy"
     from (
       select distinct on (report, check_name) *
       from support.check_result
       where ${which} and offender_count > 0
       order by report, check_name, offender_count desc, id desc
     ) as found
     order by id`,
    [value],
  );
  return rows;
}
