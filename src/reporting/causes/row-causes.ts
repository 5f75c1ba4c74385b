import type { ClientBase } from 'pg';
import { joined, literal, raw, runSql, type SqlText, sql } from '../../database/sql.js';
import { inputColumns, type ReportDefinition } from '../definition/definition.js';
import { columnList, columnPosition, groupColumns, listOf } from '../sql/row-sql.js';
import { contributionChangeTable } from '../sql/table-names.js';

/** Maximum number of entities named per change; the others are summed up as one. */
export const maxNamedEntities = 200;

const maxNamed = raw(String(maxNamedEntities));

/** An entity that only has another version with the same values is not a cause if there are others. */
const hasConsequence = sql`(causes -> 0 ->> 'kind' <> 'changed' or causes -> 0 -> 'fields' <> '[]')`;

/** What only the changed definition has changed is not the doing of an entity. */
const isOfData = sql`causes is not null`;

/** Cells that depend on the same columns of the contributions. */
export interface CellGroup {
  /** The positions of the columns, as a list. */
  readonly positions: SqlText;
  /** Whether the cells also depend on other rows. */
  readonly isAmongRows: boolean;
  /** The condition that a changed contribution differs in these columns. */
  readonly isInput: SqlText;
}

/** Groups the cells by their inputs. Leaves out sums, whose causes have amounts, and cells that depend on all columns. */
export function cellGroups(definition: ReportDefinition): CellGroup[] {
  const groups = new Map<string, { inputs: readonly string[]; isAmongRows: boolean; positions: number[] }>();
  for (const column of definition.columns) {
    const inputs = inputColumns(column);
    if (inputs === undefined) continue;
    const isAmongRows = column.isAmongRows ?? false;
    const id = JSON.stringify([inputs, isAmongRows]);
    const group = groups.get(id) ?? { inputs, isAmongRows, positions: [] };
    group.positions.push(columnPosition(definition, column));
    groups.set(id, group);
  }
  return [...groups.values()].map(({ inputs, isAmongRows, positions }) => ({
    positions: raw(positions.join(', ')),
    isAmongRows,
    isInput: sql`differing && array[${listOf(inputs.map(literal))}]`,
  }));
}

/** The list of a relation for the cell of `difference`: the list of its group, or the list of all. */
export function listOfCell(groups: readonly CellGroup[], relation: string): SqlText {
  return groups.reduceRight<SqlText>(
    (otherwise, { positions }, index) =>
      sql`case when difference.column_position in (${positions}) then ${raw(`${relation}.list_${index}`)}
        else ${otherwise} end`,
    raw(`${relation}.list`),
  );
}

/** For a cell that depends on other rows: an additional cause with the number of entities that changed in those rows only. */
export function causesInOtherRows(groups: readonly CellGroup[]): SqlText {
  const causes = groups.map(({ positions, isAmongRows }, index) => {
    if (!isAmongRows) return sql``;
    const others = raw(`(row_group.list_${index} -> 0 ->> 'count')::integer - row_entities.count_${index}`);
    return sql`|| case when difference.column_position in (${positions}) and ${others} > 0
      then jsonb_build_array(jsonb_build_object('kind', 'together', 'count', ${others})) else '[]' end`;
  });
  return joined(causes, ' ');
}

/** Counts the entities that changed in rows that are computed together: those that matter to each group of cells, and all. */
export function rowGroupCauses(definition: ReportDefinition, groups: readonly CellGroup[]): SqlText {
  const columns = groupColumns(definition);
  const counted = (condition: SqlText) =>
    sql`case when count(*) filter (where ${condition}) > 0 then jsonb_build_array(jsonb_build_object(
      'kind', 'together', 'count', count(distinct entity) filter (where ${condition})
    )) end`;
  const lists = groups.map(({ isInput }, index) => sql`${counted(isInput)} as ${raw(`list_${index}`)}`);
  return sql`
    select ${listOf([...columns.map((column) => columnList([column])), ...lists, sql`${counted(hasConsequence)} as list`])}
    from ${contributionChangeTable(definition.name)}
    where ${isOfData}
    ${columns.length > 0 ? sql`group by ${columnList(columns)}` : sql``}`;
}

/**
 * The causes of each row's changes, without amounts, as a relation: the `list` of all causes, and for each group of cells the list of
 * those that matter to it with their number.
 */
export async function rowEntityCauses(
  client: ClientBase,
  definition: ReportDefinition,
  groups: readonly CellGroup[],
): Promise<SqlText> {
  const { rows } = await runSql<{ several: boolean }>(
    client,
    sql`/* reporting.find_several_entities */
      select exists (
        select from ${contributionChangeTable(definition.name)}
        group by ${columnList(definition.key)} having count(*) > 1
      ) as several`,
  );
  return rows[0]!.several ? causesOfSeveral(definition, groups) : causeOfOne(definition, groups);
}

/** With at most one entity per row, the collected causes are already the lists. */
function causeOfOne(definition: ReportDefinition, groups: readonly CellGroup[]): SqlText {
  // A row that belongs to one entity also shows columns that are not sums, such as its name and its record.
  const isRowOfEntity = definition.key.includes(definition.contributions!.entityKey);
  const lists = groups.map(
    ({ isInput }, index) =>
      sql`case when ${isInput} then coalesce(causes, '[]') end as ${raw(`list_${index}`)}, (${isOfData})::integer as ${raw(`count_${index}`)}`,
  );
  return sql`(
    select ${listOf([columnList(definition.key), ...lists, sql`coalesce(causes, '[]') as list`])}
    from ${contributionChangeTable(definition.name)}
    where ${isRowOfEntity ? sql`true` : hasConsequence} or not ${isOfData}
  )`;
}

function causesOfSeveral({ name, key }: ReportDefinition, groups: readonly CellGroup[]): SqlText {
  const conditions = [
    ...groups.map(({ isInput }, index) => ({
      condition: sql`${isInput} and ${isOfData}`,
      suffix: raw(`_${index}`),
    })),
    { condition: isOfData, suffix: raw('') },
  ];
  const ranks = conditions.map(
    ({ condition, suffix }) =>
      sql`case when ${condition} then
        count(*) filter (where ${condition}) over (partition by ${columnList(key)} order by entity)
      end as rank${suffix}`,
  );
  const lists = conditions.map(
    ({ suffix }) => sql`
      coalesce(
        jsonb_agg(causes -> 0 order by entity) filter (where rank${suffix} <= ${maxNamed}),
        case when bool_or(not ${isOfData}) then '[]'::jsonb end
      ) || case when max(rank${suffix}) > ${maxNamed} then jsonb_build_array(jsonb_build_object(
             'kind', 'others', 'count', max(rank${suffix}) - ${maxNamed}, 'amounts', '{}'::jsonb
           ) || jsonb_strip_nulls(jsonb_build_object('unusableCount', nullif(
             count(*) filter (where rank${suffix} > ${maxNamed} and causes -> 0 ? 'unusable'), 0
           )))) else '[]' end as list${suffix}, coalesce(max(rank${suffix}), 0) as count${suffix}`,
  );
  return sql`(
    select ${columnList(key)}, ${listOf(lists)}
    from (
      select ${columnList(key)}, entity, causes, ${listOf(ranks)}
      from ${contributionChangeTable(name)}
      where ${hasConsequence} or not ${isOfData}
    ) as ranked
    group by ${columnList(key)}
  )`;
}
