import type { ClientBase } from 'pg';
import type { ReportDefinition } from './definition.js';
import {
  columnList,
  contributionBuildTable,
  contributionTable,
  entityTable,
  keyObject,
  quoted,
} from './sql-names.js';

/** Where the contributions that came, went or changed are collected; ends with the transaction. */
export function contributionChangeTable(definition: ReportDefinition): string {
  return `pg_temp.${quoted(tableName(definition))}`;
}

function tableName(definition: ReportDefinition): string {
  return `contribution_change_${definition.name}`;
}

/**
 * Compares the contributions that were built with those that are published, and collects what differs, each side as
 * jsonb, null where there is none.
 * @param whole whether all were built; if not, those of the touched entities
 * @returns how many differ; null where there are none to compare with
 */
export async function collectContributionChanges(
  client: ClientBase,
  definition: ReportDefinition,
  whole: boolean,
): Promise<number | null> {
  const known = contributionTable(definition.name);
  const built = contributionBuildTable(definition.name);
  const columns = await columnsOf(client, known);
  if (definition.contributions === undefined || columns === null) return null;
  const alike = columns === (await columnsOf(client, built));
  const key = [...definition.key, 'entity'];
  const on = key.map((column) => `known.${quoted(column)} = built.${quoted(column)}`).join(' and ');
  const first = quoted(key[0]!);
  const touched = `where entity in (select entity from ${entityTable(definition.name)})`;
  const { rowCount } = await client.query(
    `/* reporting.collect_contribution_changes ${definition.name} */
     create temporary table ${quoted(tableName(definition))} on commit drop as
     select ${key.map((name) => `coalesce(known.${quoted(name)}, built.${quoted(name)}) as ${quoted(name)}`).join(', ')},
       case when known.${first} is not null then to_jsonb(known) end as old_row,
       case when built.${first} is not null then to_jsonb(built) end as new_row,
       ${alike ? fieldsThatDiffer(columns, first) : 'null::jsonb'} as fields
     from (select * from ${known} ${whole ? '' : touched}) as known
     full join ${built} as built on ${on}
     where ${alike ? 'known is distinct from built' : 'to_jsonb(known) is distinct from to_jsonb(built)'}`,
  );
  await client.query(
    `/* reporting.index_contribution_changes */
     create index on ${contributionChangeTable(definition)} (${columnList(definition.key)})`,
  );
  await client.query(
    `/* reporting.analyze_contribution_changes */ analyze ${contributionChangeTable(definition)}`,
  );
  return rowCount ?? 0;
}

/** Columns of a contribution that say where it comes from, not what it brings. */
export const originColumns = ['entity', 'entity_name', 'version', 'file_id', 'record_number'];

/** What a contribution on both sides says differently, column by column: three times as fast as comparing them as jsonb. */
function fieldsThatDiffer(columns: string, first: string): string {
  const fields = columns
    .split(',')
    .map((column) => column.split(' ')[0]!)
    .filter((column) => !originColumns.includes(column))
    .sort()
    .map((column) => {
      const [old, now] = [quoted(column, 'known'), quoted(column, 'built')];
      return `case when ${old} is distinct from ${now}
        then jsonb_build_object('field', '${column}', 'old', ${old}::text, 'new', ${now}::text) end`;
    });
  return `case when known.${first} is not null and built.${first} is not null
    then to_jsonb(array_remove(array[${fields.join(', ')}], null)) end`;
}

/** The columns of a table with their types, as one text; null when there is no such table. */
export async function columnsOf(client: Pick<ClientBase, 'query'>, table: string): Promise<string | null> {
  const { rows } = await client.query<{ columns: string | null }>(
    `/* reporting.columns_of */
     select string_agg(attname || ' ' || format_type(atttypid, atttypmod), ',' order by attnum) as columns
     from pg_attribute
     where attrelid = to_regclass($1) and attnum > 0 and not attisdropped`,
    [table],
  );
  return rows[0]!.columns;
}

/** Keeps the collected changes, so that an earlier state can be published again with all that explains it. */
export async function recordContributionChanges(
  client: ClientBase,
  definition: ReportDefinition,
  publication: number,
): Promise<void> {
  await client.query(
    `/* reporting.record_contribution_changes ${definition.name} */
     insert into support.contribution_change (publication, report, row_key, entity, old_row, new_row)
     select $1, $2, ${keyObject(definition, 'change')}, change.entity, change.old_row, change.new_row
     from ${contributionChangeTable(definition)} as change`,
    [publication, definition.name],
  );
}

/** Makes the contributions that were built those that are published. */
export async function applyContributions(
  client: ClientBase,
  definition: ReportDefinition,
  whole: boolean,
): Promise<void> {
  const { name, contributions } = definition;
  if (contributions === undefined) return;
  const known = contributionTable(name);
  const built = contributionBuildTable(name);
  if (whole) {
    await replaceTable(client, known, built, `contribution_${name}`);
  } else {
    await client.query(
      `/* reporting.delete_contributions ${name} */
       delete from ${known} where entity in (select entity from ${entityTable(name)})`,
    );
    await client.query(
      `/* reporting.insert_contributions ${name} */ insert into ${known} select * from ${built}`,
    );
  }
}

/** Makes the contributions of an earlier state those that are published; without them there are none until the next build. */
export async function restoreContributions(
  client: ClientBase,
  { name }: ReportDefinition,
  built: boolean,
): Promise<void> {
  const known = contributionTable(name);
  if (built) await replaceTable(client, known, contributionBuildTable(name), `contribution_${name}`);
  else await client.query(`/* reporting.drop_contributions */ drop table if exists ${known}`);
}

async function replaceTable(client: ClientBase, table: string, built: string, name: string): Promise<void> {
  await client.query(`/* reporting.replace_table */ drop table if exists ${table}`);
  await client.query(`/* reporting.replace_table */ alter table ${built} rename to ${quoted(name)}`);
}
