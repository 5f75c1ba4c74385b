import type { ClientBase } from 'pg';
import { joined, literal, raw, runSql, type SqlText, sql } from '../../database/sql.js';
import { sqlFile } from '../../database/sql-file.js';
import { inputColumns, type ReportDefinition } from '../definition/definition.js';
import { columnList, columnOf, listOf, sameContribution } from '../sql/row-sql.js';
import { columnsOf, columnTypes } from '../sql/table-columns.js';
import {
  contributionBuildTable,
  contributionChangeTable,
  contributionTable,
  entityTable,
  servedTable,
  withoutAutovacuum,
} from '../sql/table-names.js';
import type { CauseSources, Sides } from './cause.js';
import { entityCause } from './entity-cause.js';
import { type UnusableFields, unusableFields } from './unusable-values.js';

const changesQuery = sqlFile(new URL('sql/collect-contribution-changes.sql', import.meta.url));

/**
 * Compares the built contributions with the published ones and collects those that appeared, disappeared or changed in a table:
 * the row's key, the `entity`, whether it `came` or `went`, its `amounts` by summed column, the columns in which it is `differing`,
 * and in `causes` a list with one cause, or null if it differs because of the changed definition alone.
 * @param whole whether all contributions were built; if not, those of the touched entities
 * @returns how many differ; null if there are no published contributions to compare with
 */
export async function collectContributionChanges(
  client: ClientBase,
  definition: ReportDefinition,
  whole: boolean,
  sources: CauseSources,
): Promise<number | null> {
  if (definition.contributions === undefined) return null;
  const knownColumns = await columnsOf(client, contributionTable(definition.name));
  const builtColumns = await columnsOf(client, contributionBuildTable(definition.name));
  if (knownColumns === null || builtColumns === null) {
    await collectNone(client, definition);
    return null;
  }
  const table = contributionChangeTable(definition.name);
  const sides = { known: columnTypes(knownColumns), built: columnTypes(builtColumns) };
  const unusable = await unusableFields(client, definition);
  const query = await changes(definition, sides, knownColumns === builtColumns, whole, sources, unusable);
  const { rowCount } = await runSql(
    client,
    sql`/* reporting.collect_contribution_changes ${raw(definition.name)} */
      create unlogged table ${table} ${withoutAutovacuum} as ${query}`,
  );
  const key = columnList([...definition.key, 'entity']);
  await runSql(client, sql`/* reporting.analyze_contribution_changes */ analyze ${table} (${key})`);
  return rowCount ?? 0;
}

/** Without contributions to compare with, the table of changes is empty. */
async function collectNone(client: ClientBase, { name, key }: ReportDefinition): Promise<void> {
  await runSql(
    client,
    sql`/* reporting.collect_no_contribution_changes ${raw(name)} */
      create unlogged table ${contributionChangeTable(name)} ${withoutAutovacuum} as
      select ${columnList(key, 'served')}, null::integer as entity, null::jsonb as amounts,
        null::text[] as differing, null::jsonb as causes
      from ${servedTable(name)} as served
      limit 0`,
  );
}

async function changes(
  definition: ReportDefinition,
  sides: Sides,
  haveSameColumns: boolean,
  whole: boolean,
  sources: CauseSources,
  unusable: UnusableFields,
): Promise<SqlText> {
  const { name } = definition;
  const key = [...definition.key, 'entity'];
  const known = contributionTable(name);
  // A touched entity is built with everything it contributes, so entities outside this set cannot have changed.
  const published = whole
    ? known
    : sql`(select * from ${known} where entity in (select entity from ${entityTable(name)}))`;
  const common = [...sides.known].filter(([column, type]) => sides.built.get(column) === type);
  const { amounts, cause, head, joins } = await entityCause(
    definition,
    sides,
    new Map(common),
    sql`${published} as known`,
    sources,
    unusable,
  );
  const touched = sources.redefinition?.touched ?? null;
  const entity = sql`coalesce(${columnOf('entity', 'known')}, ${columnOf('entity', 'built')})`;
  const query = changesQuery({
    key: listOf(
      key.map(
        (column) =>
          sql`coalesce(${columnOf(column, 'known')}, ${columnOf(column, 'built')}) as ${columnOf(column)}`,
      ),
    ),
    is_new: sql`${columnOf(key[0]!, 'known')} is null`,
    is_gone: sql`${columnOf(key[0]!, 'built')} is null`,
    amounts,
    differing: differingColumns(definition, sides),
    cause,
    published,
    built: contributionBuildTable(name),
    same_contribution: sameContribution(definition, 'known', 'built'),
    joins,
    is_of_data: touched === null ? sql`true` : sql`${entity} in (select entity from touched)`,
    is_different: haveSameColumns ? sql`known is distinct from built` : commonColumnsDiffer(common),
  });
  const relations = [...head, ...(touched === null ? [] : [sql`touched as materialized (${touched})`])];
  return relations.length === 0 ? query : sql`with ${joined(relations, ', ')} ${query}`;
}

/** A column that only one of two definitions has does not change what an entity contributes. */
function commonColumnsDiffer(common: readonly (readonly [string, string])[]): SqlText {
  const side = (alias: string) => listOf(common.map(([column]) => sql`${columnOf(column, alias)}::text`));
  return sql`(${side('known')}) is distinct from (${side('built')})`;
}

/** The columns in which a contribution differs, of those that cells depend on. */
function differingColumns({ columns }: ReportDefinition, sides: Sides): SqlText {
  const inputs = [...new Set(columns.flatMap((column) => inputColumns(column) ?? []))];
  return listOf(
    inputs.map((column) => {
      const isComparable = sides.known.get(column) === sides.built.get(column);
      const isDifferent = isComparable
        ? sql`${columnOf(column, 'known')} is distinct from ${columnOf(column, 'built')}`
        : sql`true`;
      return sql`case when ${isDifferent} then ${literal(column)} end`;
    }),
  );
}
