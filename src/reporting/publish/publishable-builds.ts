import type { ClientBase } from 'pg';
import { ledger } from '../../database/prisma-client.js';
import { raw, render, runSql, type SqlText, sql } from '../../database/sql.js';
import { Failure, Fault } from '../../fault.js';
import { type CheckOutcome, refusal } from '../checks/check.js';
import type { CheckSeverity, ReportDefinition } from '../definition/definition.js';
import { type DefinitionIdentity, definitionIdentity } from '../definition/definition-hash.js';
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
  /** The publication whose contributions are current. */
  current: number | null;
}

/**
 * Reads the builds of a run and makes sure that they can be published together.
 * @throws Fault `not_built` when a report is not built, or was built with another definition; Failure `builds_inconsistent`
 *   when the builds have different as-of days or states of the warehouse, or start from an outdated publication; Failure `build_lost`
 *   when the database lost rows of a build; Fault `not_checked` when a report has no check results; Fault `checks_failed` when a
 *   blocking check has offenders.
 */
export async function readyBuilds(
  client: ClientBase,
  definitions: readonly ReportDefinition[],
  runId: string | null,
): Promise<ReadyBuilds> {
  const builds = await readBuilds(client, definitions, runId);
  const identities = await requireBuilt(builds, definitions, runId);
  const first = requireConsistent(builds);
  await requireComplete(client, builds);
  const checks = await readChecks(client, definitions, runId);
  return {
    asOfDay: first.asOfDay,
    builtDate: first.builtDate,
    reflected: first.reflected,
    hashes: Object.fromEntries(identities.map(([name, { hash }]) => [name, hash])),
    rules: Object.fromEntries(identities.map(([name, { rules }]) => [name, rules])),
    reports: Object.fromEntries(
      builds.map(({ report, rows, base, comparison }) => [
        report,
        { rows, whole: base === null, comparison },
      ]),
    ),
    checks,
  };
}

/** In SQL, since the time of the first build needs its microseconds. */
async function readBuilds(
  client: ClientBase,
  definitions: readonly ReportDefinition[],
  runId: string | null,
): Promise<BuildRow[]> {
  const { rows } = await runSql<BuildRow>(
    client,
    sql`/* reporting.read_builds */
      select build.report, build.as_of_day::text as "asOfDay", build.definition_hash as hash,
        build.warehouse_state as state, build.reflects as reflected,
        to_char(min(build.created_date) over () at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "builtDate",
        build.row_count as rows, build.base_publication as base, build.comparison,
        state.publication as current
      from support.report_build as build
      left join support.report_state as state on state.report = build.report
      where build.run_id is not distinct from ${runId} and build.report = any(${definitions.map(({ name }) => name)})`,
  );
  return rows;
}

async function requireBuilt(
  builds: readonly BuildRow[],
  definitions: readonly ReportDefinition[],
  runId: string | null,
): Promise<[report: string, DefinitionIdentity][]> {
  const identities: [string, DefinitionIdentity][] = [];
  for (const definition of definitions) {
    const identity = await definitionIdentity(definition);
    if (builds.find((build) => build.report === definition.name)?.hash !== identity.hash) {
      throw new Fault(
        'not_built',
        `${definition.name} is not built with its current definition in run ${runId ?? 'none'}. Build it, then publish.`,
      );
    }
    identities.push([definition.name, identity]);
  }
  return identities;
}

function requireConsistent(builds: readonly BuildRow[]): BuildRow {
  const [first] = builds;
  if (first === undefined || builds.some((b) => b.asOfDay !== first.asOfDay || b.state !== first.state)) {
    throw new Failure(
      'builds_inconsistent',
      'The builds have different as-of days or states of the warehouse. Build all reports again together.',
    );
  }
  const stale = builds.find((build) => build.base !== null && build.base !== build.current);
  if (stale !== undefined) {
    throw new Failure(
      'builds_inconsistent',
      `The build of ${stale.report} starts from publication ${stale.base}, which is no longer the current one. Build all reports again.`,
    );
  }
  return first;
}

/** A crash of the database empties builds and comparisons, since their tables are not logged. */
async function requireComplete(client: ClientBase, builds: readonly BuildRow[]): Promise<void> {
  for (const { report, rows, comparison } of builds) {
    const expected: [SqlText, number][] = [[buildTable(report), rows]];
    if (comparison !== null) expected.push([differenceTable(report), comparison.differences]);
    if (comparison?.contributions) expected.push([contributionChangeTable(report), comparison.contributions]);
    for (const [table, count] of expected) {
      const { rows: found } = await runSql<{ rows: number }>(
        client,
        sql`/* reporting.count_build ${raw(report)} */ select count(*)::integer as rows from ${table}`,
      );
      if (found[0]!.rows !== count) {
        throw new Failure(
          'build_lost',
          `The build of ${report} has ${found[0]!.rows} rows in ${render(table).text}, expected ${count}: the database lost them. Build all reports again.`,
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
  const rows = await ledger(client);
  const results = await rows.checkResult.findMany({
    where: { run_id: runId, publication: null },
    orderBy: { id: 'asc' },
  });
  const checks = results.map((row) => ({
    report: row.report,
    name: row.check_name,
    severity: row.severity as CheckSeverity,
    offenderCount: row.offender_count,
    offenders: row.offenders as unknown[],
    acceptedBy: row.accepted_by,
  }));
  const unchecked = definitions.find(({ name }) => !checks.some((check) => check.report === name));
  if (unchecked !== undefined) {
    throw new Fault(
      'not_checked',
      `${unchecked.name} was built but not checked. Run the checks, then publish.`,
    );
  }
  const refused = refusal(checks, runId);
  if (refused !== undefined) throw refused;
  return checks;
}
