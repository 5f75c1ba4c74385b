import type { ClientBase } from 'pg';
import { contributionChangeTable } from './contribution-changes.js';
import type { ReportDefinition } from './definition.js';
import { differenceTable } from './difference.js';
import type { GeneralCause } from './general-causes.js';
import {
  columnList,
  contributionBuildTable,
  contributionTable,
  keyObject,
  quoted,
  sameKey,
  togetherColumns,
} from './sql-names.js';

/** What is said with every change of a report, and what where no entity is behind a change. */
export interface ReportCauses {
  /** Rules that changed; they stand first. */
  readonly rules: readonly GeneralCause[];
  /** Deliveries and days; they stand alone, where nothing more exact is known. */
  readonly otherwise: readonly GeneralCause[];
  /** The newest period of the publication before: what comes from an earlier one is late. */
  readonly newestPeriod: string;
  /** The publication before: what was retired by hand since. */
  readonly since: number;
  /** Given for a rollback, whose contributions go back. */
  readonly rollback?: boolean | undefined;
}

/** As many entities a change names; what the others bring is told as one amount. */
const namedEntities = 200;

/**
 * Writes the collected differences of a report to `report_change`, a row that came or went whole, an update cell by
 * cell, each with its causes from the collected changes of contributions. Causes of a summed column carry `amounts`
 * that add up to its difference exactly; what rounding the sum does is a cause of its own.
 * @param explained whether changes of contributions were collected
 */
export async function recordDifferences(
  client: ClientBase,
  definition: ReportDefinition,
  publication: number,
  causes: ReportCauses,
  explained: boolean,
): Promise<void> {
  const { name } = definition;
  await collectCells(client, definition);
  if (explained) {
    await describeEntities(client, definition, causes);
    await tellCauses(client, definition, causes);
  }
  // A row without changes of its own changed with those it is computed together with.
  const together = togetherColumns(definition);
  const sameGroup = together.map((column) => `${quoted(column, 'beside')} = ${quoted(column, 'cell')}`);
  const told = explained
    ? `left join ${temporary('told', definition)} as told on told.cell = cell.cell
       left join ${temporary('beside', definition)} as beside on ${sameGroup.join(' and ') || 'true'}`
    : `cross join (select '[]'::jsonb as list, false as exact) as told
       cross join (select null::jsonb as list) as beside`;
  await client.query(
    `/* reporting.record_differences ${name} */
     insert into reporting.report_change
       (publication, report, row_key, change, column_name, old_value, new_value, cause)
     select $1, $2, ${keyObject(definition, 'cell')}, cell.change, cell.column_name, cell.old_value, cell.new_value,
       $3::jsonb
         || case when told.exact then '[]' else coalesce(beside.list, $4::jsonb) end
         || coalesce(told.list, '[]')
     from ${temporary('cell', definition)} as cell
     ${told}
     order by cell.cell`,
    [publication, name, JSON.stringify(causes.rules), JSON.stringify(causes.otherwise)],
  );
}

/** A table of the work on one report, which ends with the transaction. */
function temporary(kind: string, { name }: ReportDefinition): string {
  return `pg_temp.${quoted(`${kind}_${name}`)}`;
}

async function createTemporary(
  client: ClientBase,
  kind: string,
  definition: ReportDefinition,
  select: string,
  values: readonly unknown[] = [],
): Promise<void> {
  await client.query(
    `/* reporting.collect_${kind} ${definition.name} */
     create temporary table ${quoted(`${kind}_${definition.name}`)} on commit drop as ${select}`,
    [...values],
  );
  await client.query(`/* reporting.analyze_${kind} */ analyze ${temporary(kind, definition)}`);
}

/** What `report_change` will list, numbered in its order. */
async function collectCells(client: ClientBase, definition: ReportDefinition): Promise<void> {
  const key = columnList(definition.key, 'difference');
  await createTemporary(
    client,
    'cell',
    definition,
    `select row_number() over (order by ${key}, cell.place)::integer as cell, ${key}, difference.change,
       cell.column_name, cell.old_value, cell.new_value
     from ${differenceTable(definition)} as difference
     cross join lateral (
       select null::text as column_name, difference.old_row as old_value, difference.new_row as new_value, 0 as place
       where difference.change <> 'update'
       union all
       select old_cell.key, old_cell.value, new_cell.value, old_cell.place
       from json_each_text(difference.old_row::json) with ordinality as old_cell (key, value, place)
       join json_each_text(difference.new_row::json) as new_cell (key, value) on new_cell.key = old_cell.key
       where difference.change = 'update' and old_cell.value is distinct from new_cell.value
     ) as cell`,
  );
}

/** Says of each collected change of a contribution what happened, where that comes from, and what it amounts to. */
async function describeEntities(
  client: ClientBase,
  definition: ReportDefinition,
  { newestPeriod, since, rollback = false }: ReportCauses,
): Promise<void> {
  const { name, contributions } = definition;
  const row = 'coalesce(change.new_row, change.old_row)';
  const amounts = definition.columns.flatMap(({ name: column, sum }) => {
    if (sum === undefined) return [];
    const amount = (side: string) => `coalesce((change.${side} ->> '${column}')::numeric, 0)`;
    const difference = `${amount('new_row')} - ${amount('old_row')}`;
    const shown = sum.places === undefined ? difference : `round(${difference}, ${sum.places})`;
    return `'${column}', case when ${amount('new_row')} <> ${amount('old_row')} then trim_scale(${shown})::text end`;
  });
  await createTemporary(
    client,
    'entry',
    definition,
    `select row_number() over ()::integer as entry, ${columnList(definition.key, 'change')}, change.entity,
       jsonb_strip_nulls(jsonb_build_object(${amounts.join(', ')})) as amounts,
       jsonb_strip_nulls(jsonb_build_object(
         'kind', case
           when change.old_row is null then case
             when hand.restored then 'restored'
             when known.entity is not null then 'joined'
             else 'new'
           end
           when change.new_row is null then case
             when hand.restored = false then 'retired'
             when ${rollback ? 'true' : 'built.entity is not null'} then 'left'
             else 'gone'
           end
           when change.old_row -> 'version' is distinct from change.new_row -> 'version' then 'changed'
           when change.new_row ->> 'left_out' is distinct from change.old_row ->> 'left_out' then
             case when change.new_row ->> 'left_out' is null then 'released' else 'withheld' end
           else 'related'
         end,
         '${contributions!.entityKey}', change.entity,
         'name', ${row} ->> 'entity_name',
         'leftOut', ${row} ->> 'left_out',
         'fields', change.fields,
         'version', change.new_row -> 'version',
         'earlierVersion', change.old_row -> 'version',
         'file', file.name,
         'period', file.period,
         'record', ${row} -> 'record_number',
         'late', case when change.new_row is not null and file.period < $1 then true end,
         'reason', hand.reason,
         'by', hand.actor
       )) as cause
     from ${contributionChangeTable(definition)} as change
     left join source.file on file.id = (${row} ->> 'file_id')::integer
     left join (select distinct entity from ${contributionTable(name)}) as known
       on known.entity = change.entity and change.old_row is null
     left join (${rollback ? 'select 0 as entity where false' : `select distinct entity from ${contributionBuildTable(name)}`}) as built
       on built.entity = change.entity and change.new_row is null
     left join lateral (
       select restored_date is not null as restored, reason, coalesce(restored_by, actor) as actor
       from support.retirement
       where greatest(created_date, restored_date)
           > (select published_date from reporting.publication where number = $2)
         -- Kept as text, whatever the type of a key's field.
         and not exists (
           select from jsonb_each_text(row_key) as field (name, value)
           where field.value is distinct from (
             ${row} || ${keyObject(definition, 'change')}
             || jsonb_build_object('${contributions!.entityKey}', change.entity)
           ) ->> field.name
         )
       order by id desc
       limit 1
     ) as hand on change.old_row is null or change.new_row is null`,
    [newestPeriod, since],
  );
  const together = togetherColumns(definition);
  await createTemporary(
    client,
    'beside',
    definition,
    `select ${together.map((column) => `${quoted(column)},`).join(' ')}
       jsonb_build_array(jsonb_build_object('kind', 'together', 'count', count(distinct entity))) as list
     from ${temporary('entry', definition)}
     ${together.length > 0 ? `group by ${columnList(together)}` : 'having count(*) > 0'}`,
  );
}

/**
 * Lists the causes of each change: of a cell the entities whose amount in it changed (in a column that is no sum: all
 * that changed), of a row all of them with all their amounts; then what is left over, which is the rounding of a sum.
 */
async function tellCauses(
  client: ClientBase,
  definition: ReportDefinition,
  { rules }: ReportCauses,
): Promise<void> {
  const sums = definition.columns.filter((column) => column.sum !== undefined);
  const values = [
    sums.map((column) => column.name),
    sums.map((column) => column.sum!.places ?? null),
    rules.some((cause) => cause.kind === 'definition'),
  ];
  await createTemporary(
    client,
    'told',
    definition,
    `with summed as (
       select name, places from unnest($1::text[], $2::integer[]) as summed (name, places)
     ),
     part as (
       select cell.cell, cell.column_name, entry.entry, entry.entity,
         case
           when cell.column_name is null then entry.amounts
           when cell.column_name = any($1) then jsonb_build_object(cell.column_name, entry.amounts -> cell.column_name)
           else '{}'
         end as amounts,
         abs((entry.amounts ->> cell.column_name)::numeric) as size
       from ${temporary('cell', definition)} as cell
       join ${temporary('entry', definition)} as entry on ${sameKey(definition, 'entry', 'cell')}
       where cell.column_name is null or not cell.column_name = any($1) or entry.amounts ? cell.column_name
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
       select cell.cell, summed.name, summed.places,
         coalesce(case when cell.column_name is null then cell.new_value::json ->> summed.name else cell.new_value end, '0')::numeric
         - coalesce(case when cell.column_name is null then cell.old_value::json ->> summed.name else cell.old_value end, '0')::numeric
         - coalesce(told.amount, 0) as amount
       from ${temporary('cell', definition)} as cell
       join summed on cell.column_name is null or summed.name = cell.column_name
       left join (select cell, name, sum(amount) as amount from amount group by cell, name) as told
         on told.cell = cell.cell and told.name = summed.name
     ),
     line as (
       select ranked.cell, ranked.place, true as exact,
         entry.cause || case when ranked.amounts = '{}' then '{}' else jsonb_build_object('amounts', ranked.amounts) end as cause
       from ranked
       join ${temporary('entry', definition)} as entry on entry.entry = ranked.entry
       where ranked.place <= ${namedEntities}
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
         'kind', case when $3 then 'definition' when bool_and(rest.places is not null) then 'rounding' else 'unexplained' end,
         'amounts', jsonb_object_agg(rest.name, trim_scale(rest.amount)::text)
       )
       from rest
       where rest.amount <> 0
       group by rest.cell
     )
     select cell, jsonb_agg(cause order by place) as list, bool_or(exact) as exact from line group by cell`,
    values,
  );
}
