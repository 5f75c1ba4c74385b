import pg, { type ClientBase } from 'pg';
import { columnsBehind, type ReportDefinition } from '../definition/definition.js';
import { columnList, contributionChangeTable, placeOf, quoted, togetherColumns } from '../sql/table-names.js';

/** As many entities a change names; what the others bring is told as one amount. */
export const namedEntities = 200;

/** Of several entities those are no causes of which another version is known that says the same, as far as the report asks. */
const isOfConsequence = `(causes -> 0 ->> 'kind' <> 'changed' or causes -> 0 -> 'fields' <> '[]')`;

/** Cells that follow from some of what an entity brings, and the condition that a change is one of that. */
interface CellGroup {
  readonly places: readonly number[];
  /** Whether they follow from other rows too. */
  readonly isAmongRows: boolean;
  readonly isBehind: string;
}

/** The cells by what they follow from; those are left out that follow from all of it, and sums, which have amounts. */
export function cellGroups(definition: ReportDefinition): CellGroup[] {
  const groups = new Map<string, CellGroup>();
  for (const column of definition.columns) {
    const behind = columnsBehind(column);
    if (behind === undefined) continue;
    const isBehind = `differing && array[${behind.map((name) => pg.escapeLiteral(name)).join(', ')}]`;
    const isAmongRows = column.isAmongRows ?? false;
    const alike = `${isBehind} ${isAmongRows}`;
    const places = [...(groups.get(alike)?.places ?? []), placeOf(definition, column)];
    groups.set(alike, { places, isAmongRows, isBehind });
  }
  return [...groups.values()];
}

/** What is told besides of a cell that follows from other rows: how many entities changed there that are not of its own row. */
export function othersBeside(groups: readonly CellGroup[]): string {
  return groups
    .map(({ places, isAmongRows }, at) => {
      if (!isAmongRows) return '';
      const others = `(beside.list_${at} -> 0 ->> 'count')::integer - whole.count_${at}`;
      return `|| case when difference.place in (${places.join(', ')}) and ${others} > 0
        then jsonb_build_array(jsonb_build_object('kind', 'together', 'count', ${others})) else '[]' end`;
    })
    .join(' ');
}

/** How many entities changed in rows that are computed together: in all, and in what each group of cells follows from. */
export function besides(definition: ReportDefinition, groups: readonly CellGroup[]): string {
  const together = togetherColumns(definition);
  const counted = (condition: string) =>
    `case when count(*) filter (where ${condition}) > 0 then jsonb_build_array(jsonb_build_object(
       'kind', 'together', 'count', count(distinct entity) filter (where ${condition})
     )) end`;
  const lists = groups.map(({ isBehind }, at) => `${counted(isBehind)} as list_${at},`);
  return `
    select ${together.map((column) => `${quoted(column)},`).join(' ')} ${lists.join(' ')}
      ${counted(isOfConsequence)} as list
    from ${contributionChangeTable(definition.name)}
    ${together.length > 0 ? `group by ${columnList(together)}` : ''}`;
}

/**
 * The causes of each row's changes, without amounts, as a relation: the `list` of all, and of each group of cells one of those
 * behind it. Where every row has one entity at most, they are what was collected.
 */
export async function entitiesOfRows(
  client: ClientBase,
  definition: ReportDefinition,
  groups: readonly CellGroup[],
): Promise<string> {
  const change = contributionChangeTable(definition.name);
  const key = columnList(definition.key);
  const { rows } = await client.query<{ several: boolean }>(
    `/* reporting.find_several_entities */
     select exists (select from ${change} group by ${key} having count(*) > 1) as several`,
  );
  if (!rows[0]!.several) {
    // A row of the entity's own shows what sums do not: its name, and where it comes from.
    const isOwn = definition.key.includes(definition.contributions!.entityKey);
    const lists = groups.map(
      ({ isBehind }, at) => `case when ${isBehind} then causes end as list_${at}, 1 as count_${at},`,
    );
    return `(select ${key}, ${lists.join(' ')} causes as list from ${change} where ${isOwn ? 'true' : isOfConsequence})`;
  }
  const conditions = [
    ...groups.map(({ isBehind }, at) => [isBehind, `_${at}`] as const),
    ['true', ''] as const,
  ];
  const lists = conditions.map(
    ([, name]) => `
      jsonb_agg(causes -> 0 order by entity) filter (where place${name} <= ${namedEntities})
        || case when max(place${name}) > ${namedEntities} then jsonb_build_array(jsonb_build_object(
             'kind', 'others', 'count', max(place${name}) - ${namedEntities}, 'amounts', '{}'::jsonb
           )) else '[]' end as list${name}, max(place${name}) as count${name}`,
  );
  const places = conditions.map(
    ([isBehind, name]) =>
      `case when ${isBehind} then count(*) filter (where ${isBehind}) over (partition by ${key} order by entity) end as place${name}`,
  );
  return `(
    select ${key}, ${lists.join(', ')}
    from (
      select ${key}, entity, causes, ${places.join(', ')}
      from ${change}
      where ${isOfConsequence}
    ) as placed
    group by ${key}
  )`;
}
