import type { ClientBase } from 'pg';
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
  /** The first 20 of them. */
  readonly offenders: readonly unknown[];
  /** Who lets it through although it blocks. */
  readonly acceptedBy?: string | null;
}

export interface CheckOptions {
  readonly asOfDay: string;
  readonly runId: string | null;
  /**
   * The share of its rows a report may lose against what is served, 0 to 1; a fifth unless told. Ten rows may always
   * go, of fewer than twenty half of them.
   */
  readonly maxLossShare?: number | undefined;
  /** Who lets reports lose more rows than that. */
  readonly lossAcceptedBy?: string | undefined;
}

export const defaultMaxLossShare = 0.2;

/**
 * Runs all checks of these reports on their builds and keeps the results in `support.check_result`. All reports
 * are built before the first is checked, since checks compare them. It does not throw on offenders: commit, so
 * that the results are kept, then ask `refusal`.
 */
export async function checkReports(
  client: ClientBase,
  definitions: readonly ReportDefinition[],
  { asOfDay, runId, maxLossShare = defaultMaxLossShare, lossAcceptedBy }: CheckOptions,
): Promise<CheckOutcome[]> {
  await client.query(
    `/* reporting.forget_checks */
     delete from support.check_result
     where run_id is not distinct from $1 and publication is null and report = any($2)`,
    [runId, definitions.map((definition) => definition.name)],
  );
  const partial = await partialBuilds(client);
  const outcomes: CheckOutcome[] = [];
  for (const definition of definitions) {
    for (const query of await checkQueries(definition, definitions, { asOfDay, maxLossShare, partial })) {
      const outcome = await runCheck(client, definition.name, query);
      const isAccepted =
        lossAcceptedBy !== undefined && query.name === lossCheck && outcome.offenderCount > 0;
      outcomes.push(isAccepted ? { ...outcome, acceptedBy: lossAcceptedBy } : outcome);
    }
  }
  await client.query(
    `/* reporting.keep_checks */
     insert into support.check_result (run_id, report, check_name, severity, offender_count, offenders, accepted_by)
     select $1, report, name, severity, "offenderCount", offenders, "acceptedBy"
     from jsonb_to_recordset($2::jsonb) as outcome (
       report text, name text, severity text, "offenderCount" integer, offenders jsonb, "acceptedBy" text
     )`,
    [runId, JSON.stringify(outcomes)],
  );
  return outcomes;
}

async function partialBuilds(client: ClientBase): Promise<Set<string>> {
  const { rows } = await client.query<{ report: string }>(
    '/* reporting.partial_builds */ select report from support.report_build where base_publication is not null',
  );
  return new Set(rows.map((row) => row.report));
}

async function runCheck(client: ClientBase, report: string, query: CheckQuery): Promise<CheckOutcome> {
  const { rows } = await client.query<{ offenderCount: number; offenders: unknown[] }>(
    `/* reporting.check ${report} ${query.name} */
     with offender as materialized (\n${query.sql}\n)
     select
       (select count(*)::integer from offender) as "offenderCount",
       coalesce((select jsonb_agg(first) from (select * from offender limit 20) as first), '[]') as offenders`,
  );
  return { report, name: query.name, severity: query.severity, ...rows[0]! };
}

/**
 * The reason not to publish, when there is one: the blocking checks that found offenders nobody accepted, named with
 * their counts. What is served stays as it is.
 *
 * @param ofLoss what to do where rows that are lost are all that was found, as sentences
 */
export function refusal(outcomes: readonly CheckOutcome[], ofLoss?: string): Fault | undefined {
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
    `Nothing is published, the reports served stay: blocking checks found offenders: ${list}. ` +
      (isLossAlone && ofLoss !== undefined ? ofLoss : 'See support.check_result for the first of them.'),
  );
}

function foundText({ name, offenderCount, offenders }: CheckOutcome): string {
  if (name !== lossCheck) return String(offenderCount);
  const loss = offenders[0] as { served_rows: number; built_rows: number; allowed_share: number };
  return `${loss.built_rows} of ${loss.served_rows} rows left, a share of ${loss.allowed_share} may go`;
}
