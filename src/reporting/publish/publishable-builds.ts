import type { ClientBase } from 'pg';
import { Failure, Fault } from '../../fault.js';
import { type CheckOutcome, refusal } from '../checks/check.js';
import type { ReportDefinition } from '../definition/definition.js';
import { definitionHash } from '../definition/definition-hash.js';
import type { Comparison, ReadyBuilds, Reflected } from '../publications/types.js';
import { buildTable, contributionChangeTable, differenceTable } from '../sql/table-names.js';

interface BuildRow {
  report: string;
  asOfDay: string;
  hash: string;
  state: string;
  reflected: Reflected;
  builtDate: string;
  rows: number;
  base: number | null;
  comparison: Comparison | null;
  /** The publication its contributions are published with now. */
  current: number | null;
}

/**
 * Reads the builds of a run and makes sure they may be published together.
 * @throws Fault `not_built` when a report is missing or was built by another definition; Failure `builds_apart`
 *   when the builds stem from different days or states of the warehouse, or from an earlier publication; Failure
 *   `build_lost` when the database lost rows of one; Fault `not_checked` when a report has no
 *   check results; Fault `checks_failed` when a blocking check found offenders.
 */
export async function readyBuilds(
  client: ClientBase,
  definitions: readonly ReportDefinition[],
  runId: string | null,
): Promise<ReadyBuilds> {
  const { rows: builds } = await client.query<BuildRow>(
    `/* reporting.read_builds */
     select build.report, build.as_of_day::text as "asOfDay", build.definition_hash as hash,
       build.warehouse_state as state, build.reflects as reflected,
       to_char(min(build.created_date) over () at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "builtDate",
       build.row_count as rows, build.base_publication as base, build.comparison,
       state.publication as current
     from support.report_build as build
     left join support.report_state as state on state.report = build.report
     where build.run_id is not distinct from $1 and build.report = any($2)`,
    [runId, definitions.map((definition) => definition.name)],
  );
  const hashes: Record<string, string> = {};
  for (const definition of definitions) {
    const hash = await definitionHash(definition);
    if (builds.find((build) => build.report === definition.name)?.hash !== hash) {
      throw new Fault(
        'not_built',
        `${definition.name} is not built by its present definition in run ${runId ?? 'none'}: build it, then publish.`,
      );
    }
    hashes[definition.name] = hash;
  }
  const [first] = builds;
  if (first === undefined || builds.some((b) => b.asOfDay !== first.asOfDay || b.state !== first.state)) {
    throw new Failure(
      'builds_apart',
      'The builds stem from different as-of days or states of the warehouse: build all reports again together.',
    );
  }
  const stale = builds.find((build) => build.base !== null && build.base !== build.current);
  if (stale !== undefined) {
    throw new Failure(
      'builds_apart',
      `${stale.report} was built to go on from publication ${stale.base}, which is not current any more: build all reports again.`,
    );
  }
  await refuseLost(client, builds);
  const checks = await readChecks(client, definitions, runId);
  return {
    asOfDay: first.asOfDay,
    builtDate: first.builtDate,
    reflected: first.reflected,
    hashes,
    reports: Object.fromEntries(
      builds.map(({ report, rows, base, comparison }) => [
        report,
        { rows, whole: base === null, comparison },
      ]),
    ),
    checks,
  };
}

/** A crash of the database empties builds and what they were compared to, which is not logged. */
async function refuseLost(client: ClientBase, builds: readonly BuildRow[]): Promise<void> {
  for (const { report, rows, comparison } of builds) {
    const expected: [string, number][] = [[buildTable(report), rows]];
    if (comparison !== null) expected.push([differenceTable(report), comparison.differences]);
    if (comparison?.contributions) expected.push([contributionChangeTable(report), comparison.contributions]);
    for (const [table, count] of expected) {
      const { rows: found } = await client.query<{ rows: number }>(
        `/* reporting.count_build */ select count(*)::integer as rows from ${table}`,
      );
      if (found[0]!.rows !== count) {
        throw new Failure(
          'build_lost',
          `The build of ${report} has ${found[0]!.rows} rows in ${table}, expected ${count}: the database lost them; build all reports again.`,
        );
      }
    }
  }
}

async function readChecks(
  client: ClientBase,
  definitions: readonly ReportDefinition[],
  runId: string | null,
): Promise<CheckOutcome[]> {
  const { rows: checks } = await client.query<CheckOutcome>(
    `/* reporting.read_checks */
     select report, check_name as name, severity, offender_count as "offenderCount", offenders,
       accepted_by as "acceptedBy"
     from support.check_result
     where run_id is not distinct from $1 and publication is null
     order by id`,
    [runId],
  );
  const unchecked = definitions.find(({ name }) => !checks.some((check) => check.report === name));
  if (unchecked !== undefined) {
    throw new Fault(
      'not_checked',
      `${unchecked.name} was built but not checked: run the checks, then publish.`,
    );
  }
  const refused = refusal(checks);
  if (refused !== undefined) throw refused;
  return checks;
}
