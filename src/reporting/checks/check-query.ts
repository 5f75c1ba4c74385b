import { readFile } from 'node:fs/promises';
import type { CheckSeverity, ReportDefinition } from '../definition/definition.js';
import { withValues } from '../sql/report-sql.js';
import {
  buildTable,
  columnList,
  inScope,
  quoted,
  scopeTable,
  servedTable,
  togetherColumns,
} from '../sql/table-names.js';

/** A check ready to run: its offenders as a query. */
export interface CheckQuery {
  readonly name: string;
  readonly severity: CheckSeverity;
  readonly sql: string;
}

/** What checks are measured by. */
export interface CheckLimits {
  readonly asOfDay: string;
  /** The share of its rows a report may lose against what is served, 0 to 1. */
  readonly maxLossShare: number;
  /** The reports of which a build has only touched rows. */
  readonly partial: ReadonlySet<string>;
}

/**
 * Of a few rows a large share is lost with one correction, so as many as these are not too many; but of very few rows
 * never more than half, since a report that loses all it had is what the check is there to stop.
 */
const negligibleLoss = { rows: 10, share: 0.5 };

/** The check that a person can let a publication pass: rows may well have to go, other offenders never belong in a report. */
export const lossCheck = 'no_more_rows_are_lost_than_allowed';

/** The checks every report has by its description, and those that come with it as files. */
export async function checkQueries(
  definition: ReportDefinition,
  definitions: readonly ReportDefinition[],
  limits: CheckLimits,
): Promise<CheckQuery[]> {
  const { asOfDay, partial } = limits;
  const everything = definitions.some((report) => !partial.has(report.name));
  const own = await Promise.all(
    definition.checks.map(async ({ name, severity, sqlFile }) => {
      const sql = await readFile(sqlFile, 'utf8');
      const relations = definitions.flatMap((report) => nextAndTouched(report, partial.has(report.name)));
      const used = relations.filter((relation) => sql.includes(relation.name));
      const head = used.map((relation) => `${quoted(relation.name)} as not materialized (${relation.sql})`);
      const whole = `${head.length > 0 ? `with ${head.join(',\n')}` : ''} select * from (\n${sql}\n) as offender`;
      return { name, severity, sql: withValues(whole, [asOfDay, everything]) };
    }),
  );
  return [keysAreUnique(definition), requiredValuesAreThere(definition), numbersAreFinite(definition)]
    .filter((query) => query.sql !== '')
    .concat(rowsAreNotLost(definition, limits), own);
}

/** What checks may read beside the builds, see `ReportCheck`. */
function nextAndTouched(definition: ReportDefinition, partial: boolean): { name: string; sql: string }[] {
  const { name } = definition;
  const build = buildTable(name);
  const columns = columnList(definition.columns.map((column) => column.name));
  const kept = `select ${columns} from ${servedTable(name)} as served where not (${inScope(definition, 'served')})`;
  const touched =
    togetherColumns(definition).length === 0
      ? `select * from ${build}`
      : `select * from ${partial ? scopeTable(name) : build}`;
  return [
    { name: `next_${name}`, sql: `select ${columns} from ${build}${partial ? ` union all ${kept}` : ''}` },
    { name: `touched_${name}`, sql: touched },
  ];
}

function keysAreUnique(definition: ReportDefinition): CheckQuery {
  const key = columnList(definition.key);
  return {
    name: 'keys_are_unique',
    severity: 'blocking',
    sql: `select ${key}, count(*) as rows from ${buildTable(definition.name)} group by ${key} having count(*) > 1`,
  };
}

function requiredValuesAreThere(definition: ReportDefinition): CheckQuery {
  const required = definition.columns.filter((column) => !column.nullable).map((column) => column.name);
  return {
    name: 'keys_and_required_values_are_there',
    severity: 'blocking',
    sql: `select * from ${buildTable(definition.name)}
      where ${required.map((column) => `${quoted(column)} is null`).join(' or ')}`,
  };
}

const notFinite = ['NaN', 'Infinity', '-Infinity'].map((value) => `numeric '${value}'`).join(', ');

/** `numeric` holds NaN and infinities too, and one of them makes every sum it enters one. */
function numbersAreFinite(definition: ReportDefinition): CheckQuery {
  const numbers = definition.columns.filter((column) => column.type === 'numeric');
  return {
    name: 'numbers_are_finite',
    severity: 'blocking',
    sql:
      numbers.length === 0
        ? ''
        : `select * from ${buildTable(definition.name)}
           where ${numbers.map(({ name }) => `${quoted(name)} in (${notFinite})`).join(' or ')}`,
  };
}

function rowsAreNotLost(definition: ReportDefinition, { maxLossShare, partial }: CheckLimits): CheckQuery {
  const { name } = definition;
  const compared = partial.has(name)
    ? `${servedTable(name)} as served where ${inScope(definition, 'served')}`
    : `${servedTable(name)} as served`;
  return {
    name: lossCheck,
    severity: 'blocking',
    sql: withValues(
      `
      select served.rows as served_rows, served.rows - lost.rows as built_rows, $1::numeric as allowed_share
      from (select count(*) as rows from ${servedTable(name)}) as served
      cross join (
        select (select count(*) from ${compared}) - (select count(*) from ${buildTable(name)}) as rows
      ) as lost
      where lost.rows > greatest(
        served.rows * $1::numeric, least(${negligibleLoss.rows}, served.rows * ${negligibleLoss.share})
      )`,
      [String(maxLossShare)],
    ),
  };
}
