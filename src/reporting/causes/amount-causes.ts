import type { ClientBase } from 'pg';
import { raw, runSql, type SqlText, sql } from '../../database/sql.js';
import { sqlFile } from '../../database/sql-file.js';
import type { ReportDefinition } from '../definition/definition.js';
import { columnPosition, sameKey } from '../sql/row-sql.js';
import {
  amountCauseTable,
  contributionChangeTable,
  differenceTable,
  withoutAutovacuum,
} from '../sql/table-names.js';
import type { Redefinition } from './cause.js';
import { maxNamedEntities } from './row-causes.js';

const amountCausesQuery = sqlFile(new URL('sql/amount-causes.sql', import.meta.url));

/**
 * Collects the causes of all differences that have amounts in a table, see `sql/amount-causes.sql`.
 * @param rest what explains the amounts that no contribution explains, besides the rounding of sums
 */
export async function collectAmountCauses(
  client: ClientBase,
  definition: ReportDefinition,
  rest: { redefinition: Redefinition | null; areContributionsKnown: boolean },
): Promise<void> {
  const { name } = definition;
  const { redefinition, areContributionsKnown } = rest;
  const notKept = areContributionsKnown ? null : { kind: 'not kept' };
  const restCause = redefinition === null ? notKept : { kind: 'definition', relation: redefinition.relation };
  const table = amountCauseTable(name);
  const sums = definition.columns.filter((column) => column.sum !== undefined);
  const causes = amountCausesQuery({
    sum_names: sums.map((column) => column.name),
    sum_places: sums.map((column) => column.sum!.places ?? null),
    difference: differenceTable(name),
    contribution_change: contributionChangeTable(name),
    has_amounts: hasAmounts(definition),
    same_key: sameKey(definition, 'change', 'difference'),
    max_named: raw(String(maxNamedEntities)),
    rest_cause: restCause === null ? null : JSON.stringify(restCause),
    rest_is_exact: redefinition !== null && redefinition.touched !== null,
  });
  await runSql(
    client,
    sql`/* reporting.collect_amount_causes ${raw(name)} */
      create unlogged table ${table} ${withoutAutovacuum} as ${causes}`,
  );
  await runSql(client, sql`/* reporting.analyze_amount_causes */ analyze ${table} (cell)`);
}

/** The condition that a difference has amounts: it is a whole row, or the cell of a sum. */
export function hasAmounts(definition: ReportDefinition): SqlText {
  const positions = definition.columns
    .filter((column) => column.sum !== undefined)
    .map((column) => columnPosition(definition, column));
  return sql`difference.column_position in (${raw([0, ...positions].join(', '))})`;
}
