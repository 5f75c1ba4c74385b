import type { Pool } from 'pg';
import { ledger } from '../../database/prisma-client.js';
import type { Queryable } from '../../database/queryable.js';
import { runSql, type SqlText, sql } from '../../database/sql.js';
import type { CheckSeverity } from '../definition/definition.js';

/** What a check found, with its first offender as evidence. */
export interface FoundOffenders {
  readonly report: string;
  readonly check: string;
  readonly count: number;
  readonly first: unknown;
  /** Who accepted the offenders of a blocking check; null if nobody did or had to. */
  readonly acceptedBy: string | null;
}

/** A check that found offenders, with those that are kept of them. */
export interface FailedCheck {
  readonly report: string;
  readonly check: string;
  readonly severity: CheckSeverity;
  readonly count: number;
  readonly acceptedBy: string | null;
  readonly offenders: readonly Readonly<Record<string, unknown>>[];
}

/** The results of the checks of a run. */
export interface RunChecks {
  /** How many checks were run; 0 if the run ended before, or builds no reports. */
  readonly checked: number;
  readonly failed: readonly FailedCheck[];
}

/** Reads the results of the checks of a run, with all kept offenders. */
export async function checksOf(client: Queryable, runId: string): Promise<RunChecks> {
  const rows = await ledger(client);
  const results = await rows.checkResult.findMany({
    where: { run_id: runId, offender_count: { gt: 0 } },
    orderBy: { id: 'asc' },
  });
  return {
    checked: await rows.checkResult.count({ where: { run_id: runId } }),
    failed: results.map((row) => ({
      report: row.report,
      check: row.check_name,
      severity: row.severity as CheckSeverity,
      count: row.offender_count,
      acceptedBy: row.accepted_by,
      offenders: row.offenders as Record<string, unknown>[],
    })),
  };
}

/** What the blocking checks of a run found; empty if they passed. `checksOf` has more offenders of each. */
export function offendersOf(pool: Pool, runId: string): Promise<FoundOffenders[]> {
  return find(pool, sql`run_id = ${runId} and severity = 'blocking'`);
}

/**
 * The warnings and accepted offenders of the builds that became a publication. For a rollback, those of the publication whose state
 * it shows.
 */
export function warningsOf(pool: Pool, publication: number): Promise<FoundOffenders[]> {
  return find(
    pool,
    sql`publication in (
      with recursive shown as (
        select number, restores from reporting.publication where number = ${publication}
        union all
        select earlier.number, earlier.restores
        from reporting.publication as earlier join shown on earlier.number = shown.restores
      )
      select number from shown
    ) and (severity = 'warning' or accepted_by is not null)`,
  );
}

/**
 * Builds that changed nothing belong to the current publication, so it may have several results of a check, some of incremental
 * builds, which look at fewer rows. The result with the most offenders counts.
 */
async function find(pool: Pool, condition: SqlText): Promise<FoundOffenders[]> {
  const { rows } = await runSql<FoundOffenders>(
    pool,
    sql`/* reporting.find_offenders */
      select report, check_name as "check", offender_count as "count", offenders -> 0 as "first",
        accepted_by as "acceptedBy"
      from (
        select distinct on (report, check_name) *
        from support.check_result
        where ${condition} and offender_count > 0
        order by report, check_name, offender_count desc, id desc
      ) as found
      order by id`,
  );
  return rows;
}
