import pg, { type ClientBase } from 'pg';
import { columnsBehind, type ReportDefinition } from '../definition/definition.js';
import { columnsOf, columnTypes } from '../sql/table-columns.js';
import {
  columnList,
  contributionBuildTable,
  contributionChangeTable,
  contributionTable,
  entityTable,
  quoted,
  sameContribution,
  servedTable,
  untouchedByAutovacuum,
} from '../sql/table-names.js';
import type { CauseSources } from './cause.js';
import { entityCause } from './entity-cause.js';

/**
 * Compares the contributions that were built with those that are published, and collects those that came, went or
 * changed: the row's key, the `entity`, whether it `came` or `went`, its `amounts` by summed column as text, which columns
 * that cells follow from are `differing`, and in `causes` a list of one, what happened.
 * @param whole whether all were built; if not, those of the touched entities
 * @returns how many differ; null where there are none to compare with
 */
export async function collectContributionChanges(
  client: ClientBase,
  definition: ReportDefinition,
  whole: boolean,
  sources: CauseSources,
): Promise<number | null> {
  const table = contributionChangeTable(definition.name);
  const known = contributionTable(definition.name);
  const built = contributionBuildTable(definition.name);
  if (definition.contributions === undefined) return null;
  const then = await columnsOf(client, known);
  const now = await columnsOf(client, built);
  const key = [...definition.key, 'entity'];
  if (then === null || now === null) {
    await client.query(
      `/* reporting.collect_no_contribution_changes ${definition.name} */
       create unlogged table ${table} ${untouchedByAutovacuum} as
       select ${columnList(definition.key, 'served')}, null::integer as entity, null::jsonb as amounts, null::text[] as differing, null::jsonb as causes
       from ${servedTable(definition.name)} as served
       limit 0`,
    );
    return null;
  }
  const alike = then === now;
  const sides = { known: columnTypes(then), built: columnTypes(now) };
  const common = [...sides.known].filter(([name, type]) => sides.built.get(name) === type);
  const first = quoted(key[0]!);
  // An entity is touched with all it brought, so whoever is not among these was not there before.
  const published = whole
    ? known
    : `(select * from ${known} where entity in (select entity from ${entityTable(definition.name)}))`;
  const { amounts, cause, head, joins, values } = await entityCause(
    definition,
    sides,
    new Map(common),
    `${published} as known`,
    sources,
  );
  // What a definition has more or less than the one before is no change of what was brought.
  const ofCommon = (side: string) => common.map(([name]) => `${quoted(name, side)}::text`).join(', ');
  const differs = alike
    ? 'known is distinct from built'
    : `(${ofCommon('known')}) is distinct from (${ofCommon('built')})`;
  const differing = [...new Set(definition.columns.flatMap((column) => columnsBehind(column) ?? []))].map(
    (name) => {
      const isDifferent =
        sides.known.get(name) === sides.built.get(name)
          ? `${quoted(name, 'known')} is distinct from ${quoted(name, 'built')}`
          : 'true';
      return `case when ${isDifferent} then ${pg.escapeLiteral(name)} end`;
    },
  );
  const { rowCount } = await client.query(
    `/* reporting.collect_contribution_changes ${definition.name} */
     create unlogged table ${table} ${untouchedByAutovacuum} as
     ${head === '' ? '' : `with ${head}`}
     select ${key.map((name) => `coalesce(known.${quoted(name)}, built.${quoted(name)}) as ${quoted(name)}`).join(', ')},
       known.${first} is null as came, built.${first} is null as went,
       ${amounts} as amounts,
       array_remove(array[${differing.join(', ')}]::text[], null) as differing,
       ('[' || ${cause} || ']')::jsonb as causes
     from ${published} as known
     full join ${built} as built on ${sameContribution(definition, 'known', 'built')}
     ${joins}
     where ${differs}`,
    [...values],
  );
  await client.query(`/* reporting.analyze_contribution_changes */ analyze ${table} (${columnList(key)})`);
  return rowCount ?? 0;
}

/**
 * Makes the contributions that were built those that are published: the few that differ are replaced; where most were
 * built, those that were not are brought to them.
 */
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
    return;
  }
  if (await isMostOf(client, built, known)) {
    await client.query(
      `/* reporting.keep_contributions ${name} */
       insert into ${built}
       select * from ${known} where entity not in (select entity from ${entityTable(name)})`,
    );
    await replaceTable(client, known, built, `contribution_${name}`);
    return;
  }
  const change = contributionChangeTable(name);
  await client.query(
    `/* reporting.delete_contributions ${name} */
     delete from ${known} as known using ${change} as change
     where not change.came and ${sameContribution(definition, 'known', 'change')}`,
  );
  await client.query(
    `/* reporting.insert_contributions ${name} */
     insert into ${known}
     select built.* from ${built} as built
     join ${change} as change on ${sameContribution(definition, 'built', 'change')}`,
  );
}

/** Whether a table has more than half the rows of another, as far as they were counted when they were last analyzed. */
async function isMostOf(client: ClientBase, part: string, whole: string): Promise<boolean> {
  const { rows } = await client.query<{ most: boolean }>(
    `/* reporting.compare_sizes */
     select part.reltuples > whole.reltuples / 2 as most
     from pg_class as part, pg_class as whole
     where part.oid = $1::regclass and whole.oid = $2::regclass`,
    [part, whole],
  );
  return rows[0]!.most;
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
  await client.query(`/* reporting.replace_table */ alter table ${table} reset (autovacuum_enabled)`);
}
