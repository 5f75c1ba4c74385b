import { readFile } from 'node:fs/promises';
import { anyOf, ident, joined, raw, type SqlText, sql } from '../../database/sql.js';
import type { CheckSeverity, ReportCheck, ReportDefinition } from '../definition/definition.js';
import { type RelationText, readRelations, templateWithRelations } from '../definition/relations.js';
import { columnList, groupColumns, inScope } from '../sql/row-sql.js';
import { buildTable, scopeTable, servedTable } from '../sql/table-names.js';

/** A check ready to run: a query that selects its offenders. */
export interface CheckQuery {
  readonly name: string;
  readonly severity: CheckSeverity;
  readonly query: SqlText;
}

/** What the checks of one publication are run with. */
export interface CheckLimits {
  readonly asOfDay: string;
  /** The share of its published rows that a report may lose, 0 to 1. */
  readonly maxLossShare: number;
  /** The reports with an incremental build, which has the touched rows only. */
  readonly incremental: ReadonlySet<string>;
}

/**
 * In a small report one correction removes a large share of the rows, so losing this many is always acceptable. In a very small
 * report it is limited to half of the rows: the check exists to stop reports that lose everything.
 */
const negligibleLoss = { rows: 10, share: 0.5 };

/** The one check whose offenders an operator can accept: rows may have to go, other offenders never belong in a report. */
export const lossCheck = 'no_more_rows_are_lost_than_allowed';

/** The checks that follow from a report's description, and those that its definition lists as files. */
export async function checkQueries(
  definition: ReportDefinition,
  definitions: readonly ReportDefinition[],
  limits: CheckLimits,
): Promise<CheckQuery[]> {
  const known = await readRelations(definition.relations);
  const listed = await Promise.all(
    definition.checks.map((check) => listedCheck(check, known, definitions, limits)),
  );
  return [
    keysAreUnique(definition),
    requiredValuesAreThere(definition),
    ...numbersAreFinite(definition),
    rowsAreNotLost(definition, limits),
    ...listed,
  ];
}

async function listedCheck(
  { name, severity, sqlFile }: ReportCheck,
  known: readonly RelationText[],
  definitions: readonly ReportDefinition[],
  { asOfDay, incremental }: CheckLimits,
): Promise<CheckQuery> {
  const text = await readFile(sqlFile, 'utf8');
  const relations = definitions
    .flatMap((report) => nextAndTouched(report, incremental.has(report.name)))
    .filter((relation) => text.includes(relation.name))
    .map((relation) => sql`${ident(relation.name)} as not materialized (${relation.query})`);
  const offenders = templateWithRelations(
    text,
    `The check ${name}`,
    known,
  )({
    as_of_day: asOfDay,
    all_rows: definitions.some((report) => !incremental.has(report.name)),
  });
  const head = relations.length > 0 ? sql`with ${joined(relations, ',\n')}` : sql``;
  return { name, severity, query: sql`${head} select * from (\n${offenders}\n) as offender` };
}

/** The relations that checks can read in addition to the builds, see `ReportCheck`. */
function nextAndTouched(
  definition: ReportDefinition,
  isIncremental: boolean,
): { name: string; query: SqlText }[] {
  const { name } = definition;
  const build = buildTable(name);
  const columns = columnList(definition.columns.map((column) => column.name));
  const built = sql`select ${columns} from ${build}`;
  const kept = sql`select ${columns} from ${servedTable(name)} as served where not (${inScope(definition, 'served')})`;
  const hasScopeColumns = groupColumns(definition).length > 0;
  return [
    { name: `next_${name}`, query: isIncremental ? sql`${built} union all ${kept}` : built },
    {
      name: `touched_${name}`,
      query: sql`select * from ${isIncremental && hasScopeColumns ? scopeTable(name) : build}`,
    },
  ];
}

function keysAreUnique({ name, key }: ReportDefinition): CheckQuery {
  const columns = columnList(key);
  return {
    name: 'keys_are_unique',
    severity: 'blocking',
    query: sql`select ${columns}, count(*) as rows from ${buildTable(name)} group by ${columns} having count(*) > 1`,
  };
}

function requiredValuesAreThere({ name, columns }: ReportDefinition): CheckQuery {
  const missing = columns
    .filter((column) => !column.nullable)
    .map((column) => sql`${ident(column.name)} is null`);
  return {
    name: 'keys_and_required_values_are_there',
    severity: 'blocking',
    query: sql`select * from ${buildTable(name)} where ${anyOf(missing)}`,
  };
}

const notFinite = raw(['NaN', 'Infinity', '-Infinity'].map((value) => `numeric '${value}'`).join(', '));

/** The type `numeric` includes NaN and infinities, and one such value turns every sum it enters into one. */
function numbersAreFinite({ name, columns }: ReportDefinition): CheckQuery[] {
  const invalid = columns
    .filter((column) => column.type === 'numeric')
    .map((column) => sql`${ident(column.name)} in (${notFinite})`);
  if (invalid.length === 0) return [];
  return [
    {
      name: 'numbers_are_finite',
      severity: 'blocking',
      query: sql`select * from ${buildTable(name)} where ${anyOf(invalid)}`,
    },
  ];
}

function rowsAreNotLost(
  definition: ReportDefinition,
  { maxLossShare, incremental }: CheckLimits,
): CheckQuery {
  const served = servedTable(definition.name);
  const compared = incremental.has(definition.name) ? inScope(definition, 'served') : raw('true');
  const allowed = sql`${String(maxLossShare)}::numeric`;
  return {
    name: lossCheck,
    severity: 'blocking',
    query: sql`
      select served.rows as served_rows, served.rows - lost.rows as built_rows, ${allowed} as allowed_share
      from (select count(*) as rows from ${served}) as served
      cross join (
        select (select count(*) from ${served} as served where ${compared})
          - (select count(*) from ${buildTable(definition.name)}) as rows
      ) as lost
      where lost.rows > greatest(
        served.rows * ${allowed},
        least(${negligibleLoss.rows}::numeric, served.rows * ${String(negligibleLoss.share)}::numeric)
      )`,
  };
}
