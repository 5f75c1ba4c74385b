import type { ClientBase } from 'pg';
import { raw, runSql, type SqlText, sql } from '../../database/sql.js';
import { sqlFile } from '../../database/sql-file.js';
import type { ReportDefinition } from '../definition/definition.js';
import { columnPosition, groupColumns, sameColumns, sameKey } from '../sql/row-sql.js';
import { amountCauseTable, differenceTable } from '../sql/table-names.js';
import { hasAmounts } from './amount-causes.js';
import type { FieldChange, ReportWideCause } from './cause.js';
import { globalAggregateChanges } from './global-aggregates.js';
import { type ComparedState, nameCauses } from './name-causes.js';
import { causesInOtherRows, cellGroups, listOfCell, rowEntityCauses, rowGroupCauses } from './row-causes.js';

const insertStatement = sqlFile(new URL('sql/record-differences.sql', import.meta.url));

/** The causes that apply to a whole report. */
export interface ReportCauses {
  /** Rules that changed. They are the first causes of every change. */
  readonly rules: readonly ReportWideCause[];
  /** Files and days: the causes of changes that no entity explains. */
  readonly otherwise: readonly ReportWideCause[];
  /** The published state that is compared with; null for a rollback. */
  readonly before: ComparedState | null;
}

/** An expression of a difference's causes as a jsonb list, with the joins it needs. */
interface CauseList {
  readonly cause: SqlText;
  readonly joins: SqlText;
}

/**
 * Writes the collected differences of a report to `report_change`, each with its causes. The amounts in the causes of a sum add up to
 * its difference exactly; the effect of rounding is a separate cause. A cell that depends on global aggregates also lists how these
 * changed.
 * @param build.explained whether changes of contributions were collected
 * @param build.whole whether all contributions were built; if not, those of the touched entities
 */
export async function recordDifferences(
  client: ClientBase,
  definition: ReportDefinition,
  publication: number,
  { rules, otherwise, before }: ReportCauses,
  { explained, whole }: { explained: boolean; whole: boolean },
): Promise<void> {
  const { name } = definition;
  const firstId = await reserveIds(client, definition);
  if (firstId === null) return;
  const general = jsonList(otherwise);
  const aggregates = explained ? await globalAggregateChanges(client, definition, whole) : [];
  let list = explained
    ? await entityCauses(client, definition, general)
    : unexplainedCauses(definition, general);
  list = addAggregates(list, definition, aggregates);
  list = replaceByNames(list, definition, before, general);
  const cause = rules.length > 0 ? sql`${jsonList(rules)} || ${list.cause}` : list.cause;
  const insert = insertStatement({
    publication,
    report: name,
    first_id: firstId,
    cause,
    difference: differenceTable(name),
    joins: list.joins,
  });
  await runSql(client, sql`/* reporting.record_differences ${raw(name)} */ ${insert}`);
}

function jsonList(causes: readonly unknown[]): SqlText {
  return sql`${JSON.stringify(causes)}::jsonb`;
}

/** Without changes of contributions: the general causes, and the amounts that remain unexplained. */
function unexplainedCauses({ name, contributions }: ReportDefinition, general: SqlText): CauseList {
  if (contributions === undefined) return { cause: general, joins: sql`` };
  return {
    cause: sql`${general} || coalesce(amount_cause.list, '[]')`,
    joins: sql`left join ${amountCauseTable(name)} as amount_cause on amount_cause.cell = difference.cell`,
  };
}

/**
 * The entities that changed. A row in which no entity changed has changed because of the rows it is computed together with; without
 * these, the general causes apply.
 */
async function entityCauses(
  client: ClientBase,
  definition: ReportDefinition,
  general: SqlText,
): Promise<CauseList> {
  const groups = cellGroups(definition);
  const ofRow = listOfCell(groups, 'row_entities');
  const otherwise = sql`coalesce(${listOfCell(groups, 'row_group')}, ${general})`;
  return {
    cause: sql`case
      when ${ofRow} is not null then ${ofRow} ${causesInOtherRows(groups)}
      when amount_cause.list is null then ${otherwise}
      when amount_cause.is_exact then amount_cause.list
      else ${otherwise} || amount_cause.list
    end`,
    joins: sql`left join ${await rowEntityCauses(client, definition, groups)} as row_entities
        on not (${hasAmounts(definition)}) and ${sameKey(definition, 'row_entities', 'difference')}
      left join ${amountCauseTable(definition.name)} as amount_cause on amount_cause.cell = difference.cell
      left join (${rowGroupCauses(definition, groups)}) as row_group
        on ${sameColumns(groupColumns(definition), 'row_group', 'difference')}`,
  };
}

function addAggregates(
  { cause, joins }: CauseList,
  definition: ReportDefinition,
  changes: readonly FieldChange[],
): CauseList {
  if (changes.length === 0) return { cause, joins };
  const positions = definition.columns
    .filter((column) => column.usesGlobalAggregates)
    .map((column) => columnPosition(definition, column));
  const added = jsonList([{ kind: 'of all', fields: changes }]);
  return {
    cause: sql`(${cause}) || case when difference.column_position in (${raw(positions.join(', '))}) then ${added} else '[]' end`,
    joins,
  };
}

/** Cells that show a name have changed with that name, not with the entities. */
function replaceByNames(
  { cause, joins }: CauseList,
  definition: ReportDefinition,
  before: ComparedState | null,
  general: SqlText,
): CauseList {
  const names = nameCauses(definition, before);
  if (names.positions === null) return { cause, joins };
  return {
    cause: sql`case when difference.column_position in (${names.positions}) then coalesce(${names.cause}, ${general})
      else ${cause} end`,
    joins: sql`${joins} ${names.joins}`,
  };
}

/**
 * Reserves consecutive ids for the differences of a report, so that they need not be sorted to be numbered in order. Null without
 * differences. The lock on publications keeps others from taking ids in between.
 */
async function reserveIds(client: ClientBase, { name }: ReportDefinition): Promise<string | null> {
  const { rows } = await runSql<{ first: string }>(
    client,
    sql`/* reporting.reserve_ids */
      select first, setval('reporting.report_change_id_seq', first + count - 1)
      from (
        select nextval('reporting.report_change_id_seq') as first, counted.count
        from (select count(*) as count from ${differenceTable(name)}) as counted
        where counted.count > 0
      ) as reserved`,
  );
  return rows[0]?.first ?? null;
}
