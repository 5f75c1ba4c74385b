import { readFile } from 'node:fs/promises';
import type { CheckSeverity, ReportDefinition } from './definition.js';
import { buildTable, columnList, quoted, servedTable } from './sql-names.js';

/** A check ready to run: its offenders as a query. */
export interface CheckQuery {
  readonly name: string;
  readonly severity: CheckSeverity;
  readonly sql: string;
  readonly values: readonly unknown[];
}

/** What checks are measured by. */
export interface CheckLimits {
  readonly asOfDay: string;
  /** The share of its rows a report may lose against what is served, 0 to 1. */
  readonly maxLossShare: number;
}

/** Of a few rows a large share is lost with one correction, so as many as these are never too many. */
const negligibleLoss = 10;

/** The checks every report has by its description, and those that come with it as files. */
export async function checkQueries(definition: ReportDefinition, limits: CheckLimits): Promise<CheckQuery[]> {
  const own = await Promise.all(
    definition.checks.map(async ({ name, severity, sqlFile }) => {
      const sql = await readFile(sqlFile, 'utf8');
      return { name, severity, sql, values: sql.includes('$1') ? [limits.asOfDay] : [] };
    }),
  );
  return [keysAreUnique(definition), requiredValuesAreThere(definition), numbersAreFinite(definition)]
    .filter((query) => query.sql !== '')
    .concat(rowsAreNotLost(definition, limits.maxLossShare), own);
}

function keysAreUnique(definition: ReportDefinition): CheckQuery {
  const key = columnList(definition.key);
  return {
    name: 'keys_are_unique',
    severity: 'blocking',
    sql: `select ${key}, count(*) as rows from ${buildTable(definition.name)} group by ${key} having count(*) > 1`,
    values: [],
  };
}

function requiredValuesAreThere(definition: ReportDefinition): CheckQuery {
  const required = definition.columns.filter((column) => !column.nullable).map((column) => column.name);
  return {
    name: 'keys_and_required_values_are_there',
    severity: 'blocking',
    sql: `select * from ${buildTable(definition.name)}
      where ${required.map((column) => `${quoted(column)} is null`).join(' or ')}`,
    values: [],
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
    values: [],
  };
}

function rowsAreNotLost(definition: ReportDefinition, maxLossShare: number): CheckQuery {
  return {
    name: 'no_more_rows_are_lost_than_allowed',
    severity: 'blocking',
    sql: `
      select served.rows as served_rows, built.rows as built_rows, $1::numeric as allowed_share
      from (select count(*) as rows from ${servedTable(definition.name)}) as served
      cross join (select count(*) as rows from ${buildTable(definition.name)}) as built
      where served.rows - built.rows > greatest(served.rows * $1::numeric, ${negligibleLoss})`,
    values: [maxLossShare],
  };
}
