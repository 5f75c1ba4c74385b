import type { ClientBase } from 'pg';
import type { ReportDefinition } from '../definition/definition.js';
import {
  amountCauseTable,
  contributionChangeTable,
  differenceTable,
  placeOf,
  sameColumns,
  sameKey,
  togetherColumns,
  untouchedByAutovacuum,
} from '../sql/table-names.js';
import type { GeneralCause } from './cause.js';
import { ofAllChanges } from './global-aggregates.js';
import { type ComparedState, labelCauses } from './name-causes.js';
import { besides, cellGroups, entitiesOfRows, namedEntities, othersBeside } from './row-causes.js';

/** What is said with every change of a report, and what where no entity is behind a change. */
export interface ReportCauses {
  /** Rules that changed; they stand first. */
  readonly rules: readonly GeneralCause[];
  /** Deliveries and days; they stand alone, where nothing more exact is known. */
  readonly otherwise: readonly GeneralCause[];
  /** What is compared with; null for a rollback. */
  readonly before: ComparedState | null;
}

/**
 * Writes the collected differences of a report to `report_change`, a row that came or went whole, an update cell by
 * cell, each with its causes from the collected changes of contributions, see `compare`. Causes of a summed column carry `amounts`
 * that add up to its difference exactly; what rounding the sum does is a cause of its own. A cell that follows
 * from what all contributions make has, after its other causes, how that changed.
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
  const values: unknown[] = [publication, name, firstId];
  const general = (list: readonly GeneralCause[]) => `$${values.push(JSON.stringify(list))}::jsonb`;
  let cause = general(otherwise);
  let told = '';
  if (!explained && definition.contributions !== undefined) {
    cause = `${cause} || coalesce(told.list, '[]')`;
    told = `left join ${amountCauseTable(name)} as told on told.cell = difference.cell`;
  }
  if (explained) {
    // A row without changes of its own changed with those it is computed together with.
    const groups = cellGroups(definition);
    const ofCell = (relation: string) =>
      groups.reduceRight(
        (otherwise, { places }, at) =>
          `case when difference.place in (${places.join(', ')}) then ${relation}.list_${at} else ${otherwise} end`,
        `${relation}.list`,
      );
    const otherwiseBeside = `coalesce(${ofCell('beside')}, ${cause})`;
    cause = `case
       when ${ofCell('whole')} is not null then ${ofCell('whole')} ${othersBeside(groups)}
       when told.list is null then ${otherwiseBeside}
       when told.exact then told.list
       else ${otherwiseBeside} || told.list
     end`;
    told = `left join ${await entitiesOfRows(client, definition, groups)} as whole
       on ${hasNoAmounts(definition)} and ${sameKey(definition, 'whole', 'difference')}
     left join ${amountCauseTable(name)} as told on told.cell = difference.cell
     left join (${besides(definition, groups)}) as beside
       on ${sameColumns(togetherColumns(definition), 'beside', 'difference') || 'true'}`;
  }
  const ofAll = explained ? await ofAllChanges(client, definition, whole) : [];
  if (ofAll.length > 0) {
    const places = definition.columns
      .filter((column) => column.ofAll)
      .map((column) => placeOf(definition, column));
    const told = `$${values.push(JSON.stringify([{ kind: 'of all', fields: ofAll }]))}::jsonb`;
    cause = `(${cause}) || case when difference.place in (${places.join(', ')}) then ${told} else '[]' end`;
  }
  const label = labelCauses(definition, before, (value) => `$${values.push(value)}`);
  if (label.places.length > 0) {
    cause = `case when difference.place in (${label.places.join(', ')}) then coalesce(${label.cause}, ${general(otherwise)})
       else ${cause} end`;
  }
  if (rules.length > 0) cause = `${general(rules)} || ${cause}`;
  await client.query(
    `/* reporting.record_differences ${name} */
     insert into reporting.report_change
       (id, publication, report, row_key, change, column_name, old_value, new_value, cause)
     select $3::bigint + difference.cell - 1, $1, $2, difference.row_key, difference.change, difference.column_name,
       difference.old_value, difference.new_value, ${cause}
     from ${differenceTable(definition.name)} as difference
     ${told}
     ${label.joins}`,
    values,
  );
}

/**
 * Takes as many numbers in a row as a report has differences, so that rows need not be sorted to be numbered in order;
 * null where it has none. Whoever publishes holds the lock, so nobody takes one in between.
 */
async function reserveIds(client: ClientBase, definition: ReportDefinition): Promise<string | null> {
  const { rows } = await client.query<{ first: string }>(
    `/* reporting.reserve_ids */
     select first, setval('reporting.report_change_id_seq', first + count - 1)
     from (
       select nextval('reporting.report_change_id_seq') as first, counted.count
       from (select count(*) as count from ${differenceTable(definition.name)}) as counted
       where counted.count > 0
     ) as taken`,
  );
  return rows[0]?.first ?? null;
}

/** The condition that what is told of a difference has no amounts: it is of a cell that is no sum. */
function hasNoAmounts(definition: ReportDefinition): string {
  const places = definition.columns
    .filter((column) => column.sum !== undefined)
    .map((column) => placeOf(definition, column));
  return `difference.place not in (${[0, ...places].join(', ')})`;
}

/**
 * Lists the causes of each change that has amounts: of a cell of a sum the entities whose amount in it changed, of a
 * row all of them with all their amounts; then what is left over, which is the rounding of a sum.
 * @param rest what is behind what is left over, where that is more than the rounding of sums
 */
export async function tellAmounts(
  client: ClientBase,
  definition: ReportDefinition,
  rest: 'definition' | 'not kept' | null,
): Promise<void> {
  const table = amountCauseTable(definition.name);
  const sums = definition.columns.filter((column) => column.sum !== undefined);
  const values = [sums.map((column) => column.name), sums.map((column) => column.sum!.places ?? null), rest];
  await client.query(
    `/* reporting.tell_amounts ${definition.name} */
     create unlogged table ${table} ${untouchedByAutovacuum} as
     with summed as (
       select name, places from unnest($1::text[], $2::integer[]) as summed (name, places)
     ),
     difference as materialized (
       select * from ${differenceTable(definition.name)} as difference where not (${hasNoAmounts(definition)})
     ),
     part as (
       select difference.cell, change.entity, change.causes -> 0 as cause,
         case when difference.place = 0 then change.amounts
           else jsonb_build_object(difference.column_name, change.amounts -> difference.column_name) end as amounts,
         abs((change.amounts ->> difference.column_name)::numeric) as size
       from difference
       join ${contributionChangeTable(definition.name)} as change on ${sameKey(definition, 'change', 'difference')}
       where difference.place = 0 or change.amounts ? difference.column_name
     ),
     ranked as materialized (
       select part.*, row_number() over (partition by cell order by size desc nulls last, entity) as place
       from part
     ),
     amount as (
       select ranked.cell, each.key as name, ranked.place > ${namedEntities} as is_other, sum(each.value::numeric) as amount
       from ranked
       cross join lateral jsonb_each_text(ranked.amounts) as each
       group by 1, 2, 3
     ),
     rest as (
       select difference.cell, summed.name, summed.places,
         coalesce(case when difference.place = 0 then difference.new_value::json ->> summed.name else difference.new_value end, '0')::numeric
         - coalesce(case when difference.place = 0 then difference.old_value::json ->> summed.name else difference.old_value end, '0')::numeric
         - coalesce(told.amount, 0) as amount
       from difference
       join summed on difference.place = 0 or summed.name = difference.column_name
       left join (select cell, name, sum(amount) as amount from amount group by cell, name) as told
         on told.cell = difference.cell and told.name = summed.name
     ),
     line as (
       select cell, place, true as exact,
         cause || case when amounts = '{}' then '{}' else jsonb_build_object('amounts', amounts) end as cause
       from ranked
       where place <= ${namedEntities}
       union all
       select many.cell, ${namedEntities + 1}, true, jsonb_build_object(
         'kind', 'others',
         'count', many.places - ${namedEntities},
         'amounts', coalesce((
           select jsonb_object_agg(amount.name, trim_scale(amount.amount)::text)
           from amount where amount.cell = many.cell and amount.is_other
         ), '{}')
       )
       from (select cell, max(place) as places from ranked group by cell) as many
       where many.places > ${namedEntities}
       union all
       select rest.cell, ${namedEntities + 2}, false, jsonb_build_object(
         'kind', case when $3::text is not null then $3 when bool_and(rest.places is not null) then 'rounding' else 'unexplained' end,
         'amounts', jsonb_object_agg(rest.name, trim_scale(rest.amount)::text)
       )
       from rest
       where rest.amount <> 0
       group by rest.cell
     )
     select cell, jsonb_agg(cause order by place) as list, bool_or(exact) as exact from line group by cell`,
    values,
  );
  await client.query(`/* reporting.analyze_amounts */ analyze ${table} (cell)`);
}
