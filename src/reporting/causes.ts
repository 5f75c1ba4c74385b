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

/** Columns of a contribution that say where it comes from, not what it brings. */
const origin = ['entity', 'entity_name', 'version', 'file_id', 'record_number'];

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
  if (explained) await describeEntities(client, definition, causes);
  const sums = definition.columns.filter((column) => column.sum !== undefined);
  const list = explained ? entityCauses(definition) : `select '[]'::jsonb as list, false as exact`;
  await client.query(
    `/* reporting.record_differences ${name} */
     insert into reporting.report_change
       (publication, report, row_key, change, column_name, old_value, new_value, cause)
     select $1, $2, ${keyObject(definition, 'difference')}, difference.change, cell.column_name,
       cell.old_value, cell.new_value,
       $3::jsonb || case when cause.exact then '[]' else $4::jsonb end || cause.list
     from ${differenceTable(definition)} as difference
     cross join lateral (
       select null::text as column_name, difference.old_row as old_value, difference.new_row as new_value, 0 as place
       where difference.change <> 'update'
       union all
       select old_cell.key, old_cell.value, new_cell.value, old_cell.place
       from json_each_text(difference.old_row::json) with ordinality as old_cell (key, value, place)
       join json_each_text(difference.new_row::json) as new_cell (key, value) on new_cell.key = old_cell.key
       where difference.change = 'update' and old_cell.value is distinct from new_cell.value
     ) as cell
     cross join lateral (${list}) as cause
     order by ${columnList(definition.key, 'difference')}, cell.place`,
    [
      publication,
      name,
      JSON.stringify(causes.rules),
      JSON.stringify(causes.otherwise),
      ...(explained
        ? [
            sums.map((column) => column.name),
            sums.map((column) => column.sum!.places ?? null),
            causes.rules.some((cause) => cause.kind === 'definition'),
          ]
        : []),
    ],
  );
}

function entryTable(definition: ReportDefinition): string {
  return `pg_temp.${quoted(`cause_${definition.name}`)}`;
}

/** Says of each collected change of a contribution what happened and where that comes from. */
async function describeEntities(
  client: ClientBase,
  definition: ReportDefinition,
  { newestPeriod, since, rollback = false }: ReportCauses,
): Promise<void> {
  const { name, contributions } = definition;
  const key = columnList(definition.key, 'change');
  const row = 'coalesce(change.new_row, change.old_row)';
  const ofOrigin = origin.map((column) => `'${column}'`).join(', ');
  await client.query(
    `/* reporting.describe_entities ${name} */
     create temporary table ${quoted(`cause_${name}`)} on commit drop as
     select ${key}, change.entity, change.old_row, change.new_row,
       jsonb_strip_nulls(jsonb_build_object(
         'kind', case
           when change.old_row is null then case
             when hand.restored then 'restored'
             when exists (select from ${contributionTable(name)} as known where known.entity = change.entity) then 'joined'
             else 'new'
           end
           when change.new_row is null then case
             when hand.restored = false then 'retired'
             when ${remains(definition, rollback)} then 'left'
             else 'gone'
           end
           when change.old_row -> 'version' is distinct from change.new_row -> 'version' then 'changed'
           when change.new_row ->> 'left_out' is distinct from change.old_row ->> 'left_out' then
             case when change.new_row ->> 'left_out' is null then 'released' else 'withheld' end
           else 'shared'
         end,
         $1::text, change.entity,
         'name', ${row} ->> 'entity_name',
         'leftOut', ${row} ->> 'left_out',
         'fields', fields.list,
         'version', change.new_row -> 'version',
         'earlierVersion', change.old_row -> 'version',
         'file', file.name,
         'period', file.period,
         'record', ${row} -> 'record_number',
         'late', case when change.new_row is not null and file.period < $2 then true end,
         'reason', hand.reason,
         'by', hand.actor
       )) as entry
     from ${contributionChangeTable(definition)} as change
     left join source.file on file.id = (${row} ->> 'file_id')::integer
     left join lateral (
       select jsonb_agg(
         jsonb_build_object('field', old_field.key, 'old', old_field.value, 'new', new_field.value) order by old_field.key
       ) as list
       from jsonb_each_text(change.old_row) as old_field
       join jsonb_each_text(change.new_row) as new_field on new_field.key = old_field.key
       where old_field.value is distinct from new_field.value and old_field.key not in (${ofOrigin})
     ) as fields on true
     left join lateral (
       select restored_date is not null as restored, reason, coalesce(restored_by, actor) as actor
       from support.retirement
       where greatest(created_date, restored_date)
           > (select published_date from reporting.publication where number = $3)
         and ${row} || ${keyObject(definition, 'change')} || jsonb_build_object($1::text, change.entity) @> row_key
       order by id desc
       limit 1
     ) as hand on change.old_row is null or change.new_row is null`,
    [contributions!.entityKey, newestPeriod, since],
  );
  await client.query(
    `/* reporting.index_causes */ create index on ${entryTable(definition)} (${columnList(definition.key)})`,
  );
  await client.query(`/* reporting.analyze_causes */ analyze ${entryTable(definition)}`);
}

/** Whether the entity still contributes to other rows. All contributions of a touched entity are built anew. */
function remains({ name }: ReportDefinition, rollback: boolean): string {
  return rollback
    ? 'true'
    : `exists (select from ${contributionBuildTable(name)} as built where built.entity = change.entity)`;
}

/**
 * The causes of one change: for a cell the entities whose amount in it changed (in a column that is no sum: all that
 * changed), for a row all of them with their amounts in each summed column. `$5` names of summed columns, `$6` their
 * places, `$7` whether the definition changed. What the amounts leave over is the rounding of the sum.
 */
function entityCauses(definition: ReportDefinition): string {
  return `
    with summed as (
      select name, places
      from unnest($5::text[], $6::integer[]) as summed (name, places)
      where cell.column_name is null or summed.name = cell.column_name
    ),
    part as (
      select entry.entity, entry.entry, summed.name, new_amount <> old_amount as differs,
        case
          when summed.places is null then new_amount - old_amount
          else round(new_amount - old_amount, summed.places)
        end as amount
      from ${entryTable(definition)} as entry
      left join summed on true
      left join lateral (
        select
          coalesce((entry.new_row ->> summed.name)::numeric, 0) as new_amount,
          coalesce((entry.old_row ->> summed.name)::numeric, 0) as old_amount
      ) as amounts on true
      where ${sameKey(definition, 'entry', 'difference')}
    ),
    ranked as (
      select entity, entry,
        jsonb_object_agg(name, trim_scale(amount)::text) filter (where differs) as amounts,
        row_number() over (order by max(abs(amount)) desc nulls last, entity) as place
      from part
      group by entity, entry
      having cell.column_name is null or not cell.column_name = any($5) or bool_or(differs)
    ),
    others as (
      select part.name, sum(part.amount) as amount
      from part
      join ranked on ranked.entity = part.entity
      where ranked.place > ${namedEntities} and part.name is not null
      group by part.name
    ),
    rest as (
      select summed.name, summed.places,
        coalesce(case when difference.change = 'update' then cell.new_value else difference.new_row::json ->> summed.name end, '0')::numeric
        - coalesce(case when difference.change = 'update' then cell.old_value else difference.old_row::json ->> summed.name end, '0')::numeric
        - coalesce((select sum(amount) from part where part.name = summed.name), 0) as amount
      from summed
    ),
    entry as (
      select place, entry || case when amounts is null then '{}' else jsonb_build_object('amounts', amounts) end as entry
      from ranked
      where place <= ${namedEntities}
      union all
      select ${namedEntities + 1}, jsonb_build_object(
        'kind', 'others',
        'count', (select max(place) - ${namedEntities} from ranked),
        'amounts', (select coalesce(jsonb_object_agg(name, trim_scale(amount)::text), '{}') from others)
      )
      where (select max(place) from ranked) > ${namedEntities}
      union all
      select ${namedEntities + 2}, jsonb_build_object(
        'kind', case when $7 then 'definition' when bool_and(places is not null) then 'rounding' else 'unexplained' end,
        'amounts', jsonb_object_agg(name, trim_scale(amount)::text)
      )
      from rest
      where amount <> 0
      having count(*) > 0
    )
    select coalesce(jsonb_agg(entry order by place), '[]') as list, exists (select from ranked) as exact
    from entry`;
}
