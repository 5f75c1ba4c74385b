import type { ClientBase } from 'pg';
import type { Prisma } from '../../database/client/client.js';
import { ledger } from '../../database/prisma-client.js';
import { raw, runSql, sql } from '../../database/sql.js';
import { Fault } from '../../fault.js';
import type { CheckSeverity, ReportDefinition } from '../definition/definition.js';
import { type CheckQuery, checkQueries, lossCheck } from './check-query.js';

/** What a check found in a build. */
export interface CheckOutcome {
  readonly report: string;
  readonly name: string;
  readonly severity: CheckSeverity;
  /** Offenders found; 0 means passed. */
  readonly offenderCount: number;
  /** The first of them, see `keptOffenders`. */
  readonly offenders: readonly unknown[];
  /** Who accepted the offenders of a blocking check. */
  readonly acceptedBy?: string | null;
}

export interface CheckOptions {
  readonly asOfDay: string;
  readonly runId: string | null;
  /**
   * The share of its published rows that a report may lose, 0 to 1; a fifth by default. Losing ten rows is always allowed, or half
   * of the rows if there are fewer than twenty.
   */
  readonly maxLossShare?: number | undefined;
  /** Who accepts that reports lose more rows than that. */
  readonly lossAcceptedBy?: string | undefined;
}

export const defaultMaxLossShare = 0.2;

/**
 * Maximum number of offenders kept of a check. What blocks a publication has to be corrected, so an operator needs all of it; a warning
 * may repeat with every publication.
 */
export const keptOffenders: Readonly<Record<CheckSeverity, number>> = { blocking: 10_000, warning: 1000 };

/**
 * Runs all checks of these reports on their builds and keeps the results in `support.check_result`. Build all reports first, since
 * checks compare them. It does not throw when there are offenders: commit, so that the results are kept, then call `refusal`.
 */
export async function checkReports(
  client: ClientBase,
  definitions: readonly ReportDefinition[],
  { asOfDay, runId, maxLossShare = defaultMaxLossShare, lossAcceptedBy }: CheckOptions,
): Promise<CheckOutcome[]> {
  const rows = await ledger(client);
  await rows.checkResult.deleteMany({
    where: { run_id: runId, publication: null, report: { in: definitions.map(({ name }) => name) } },
  });
  const incremental = await rows.reportBuild.findMany({
    where: { base_publication: { not: null } },
    select: { report: true },
  });
  const limits = { asOfDay, maxLossShare, incremental: new Set(incremental.map(({ report }) => report)) };
  const outcomes: CheckOutcome[] = [];
  for (const definition of definitions) {
    for (const query of await checkQueries(definition, definitions, limits)) {
      const outcome = await runCheck(client, definition.name, query);
      const isAccepted =
        lossAcceptedBy !== undefined && query.name === lossCheck && outcome.offenderCount > 0;
      outcomes.push(isAccepted ? { ...outcome, acceptedBy: lossAcceptedBy } : outcome);
    }
  }
  await rows.checkResult.createMany({
    data: outcomes.map(({ report, name, severity, offenderCount, offenders, acceptedBy }) => ({
      run_id: runId,
      report,
      check_name: name,
      severity,
      offender_count: offenderCount,
      offenders: offenders as Prisma.InputJsonArray,
      accepted_by: acceptedBy ?? null,
    })),
  });
  return outcomes;
}

async function runCheck(client: ClientBase, report: string, check: CheckQuery): Promise<CheckOutcome> {
  const { rows } = await runSql<{ offenderCount: number; offenders: unknown[] }>(
    client,
    sql`/* reporting.run_check ${raw(report)} ${raw(check.name)} */
      with offender as materialized (\n${check.query}\n)
      select
        (select count(*)::integer from offender) as "offenderCount",
        coalesce((select jsonb_agg(first) from (select * from offender limit ${keptOffenders[check.severity]}) as first), '[]') as offenders`,
  );
  return { report, name: check.name, severity: check.severity, ...rows[0]! };
}

/**
 * The reason not to publish, if there is one: blocking checks with offenders that nobody accepted, with their counts. The published
 * reports stay as they are.
 *
 * @param runId the run, whose offenders `marquee checks` lists
 * @param onlyLoss what to do if lost rows are the only problem, as sentences
 */
export function refusal(
  outcomes: readonly CheckOutcome[],
  runId: string | null,
  onlyLoss?: string,
): Fault | undefined {
  const failed = outcomes.filter(
    ({ severity, offenderCount, acceptedBy }) =>
      severity === 'blocking' && offenderCount > 0 && (acceptedBy ?? null) === null,
  );
  if (failed.length === 0) return undefined;
  const list = failed
    .map((outcome) => `${outcome.report} ${outcome.name} (${foundText(outcome)})`)
    .join(', ');
  const isLossAlone = failed.every(({ name }) => name === lossCheck);
  return new Fault(
    'checks_failed',
    `Publication blocked: these checks failed: ${list}. The current reports stay live. ` +
      (isLossAlone && onlyLoss !== undefined
        ? onlyLoss
        : runId === null
          ? 'See support.check_result for the offenders.'
          : `To list the offenders, run marquee checks ${runId}.`),
  );
}

function foundText({ name, offenderCount, offenders }: CheckOutcome): string {
  if (name !== lossCheck) return String(offenderCount);
  const loss = offenders[0] as { served_rows: number; built_rows: number; allowed_share: number };
  return `${loss.built_rows} of ${loss.served_rows} rows left, maximum share to lose: ${loss.allowed_share}`;
}
