import { readFile } from 'node:fs/promises';
import type { ClientBase } from 'pg';
import { ident, joined, raw, runSql, type SqlText, sql } from '../../database/sql.js';
import type { SqlTemplate } from '../../database/sql-file.js';
import type { ReportDefinition } from '../definition/definition.js';
import { onEarlierDay, readRelations, templateWithRelations } from '../definition/relations.js';
import { columnList, groupColumns, inScope } from '../sql/row-sql.js';
import {
  contributionBuildTable,
  contributionTable,
  entityTable,
  rollupTable,
  scopeTable,
  withoutAutovacuum,
} from '../sql/table-names.js';
import type { IncrementalBase } from './incremental-base.js';
import { updateRollup } from './rollup.js';

/** A relation for the head of a query: `name as (…)`. */
type Relation = SqlText;

/**
 * Computes the contributions of a report into a separate table: all of them, or those of the entities touched since a state.
 * @param options.full whether to compute everything from the warehouse, rollups included
 * @returns the relation `contribution` that the rows are computed from
 */
export async function buildContributions(
  client: ClientBase,
  definition: ReportDefinition,
  contributions: SqlTemplate,
  asOfDay: string,
  base: IncrementalBase | null,
  { full }: { full: boolean },
): Promise<Relation> {
  const { name } = definition;
  const built = contributionBuildTable(name);
  const head = await rollupRelations(client, definition, full);
  const entities = base === null ? null : await touchedEntities(client, definition, asOfDay, base);
  // Logged, since the next build starts from it.
  await runSql(
    client,
    sql`/* reporting.build_contributions ${raw(name)} */
      create table ${built} ${withoutAutovacuum} as
      ${head} select * from (\n${contributions({ as_of_day: asOfDay, entities })}\n) as contribution`,
  );
  await runSql(client, sql`/* reporting.analyze_build */ analyze ${built}`);
  if (base === null) return sql`contribution as not materialized (select * from ${built})`;
  await runSql(
    client,
    sql`/* reporting.build_scope ${raw(name)} */
      create unlogged table ${scopeTable(name)} ${withoutAutovacuum} as ${scope(definition)}`,
  );
  await runSql(client, sql`/* reporting.analyze_build */ analyze ${scopeTable(name)}`);
  return sql`contribution as not materialized ${mergedContributions(definition, inScope(definition, 'known'))}`;
}

async function rollupRelations(
  client: ClientBase,
  { contributions }: ReportDefinition,
  full: boolean,
): Promise<SqlText> {
  const relations: Relation[] = [];
  for (const rollup of contributions!.rollups) {
    await updateRollup(client, rollup, { full });
    relations.push(
      sql`${ident(rollup.name)} as not materialized (select * from ${rollupTable(rollup.name)})`,
    );
  }
  return relations.length === 0 ? sql`` : sql`with ${joined(relations, ',\n')}`;
}

/**
 * The contributions as they will be after an incremental build, as a relation in brackets: those that were built, and the published
 * ones of all other entities.
 * @param ofOthers which of the other entities' are needed, a condition on `known`
 */
export function mergedContributions({ name }: ReportDefinition, ofOthers: SqlText = raw('true')): SqlText {
  return sql`(
    select * from ${contributionTable(name)} as known
    where not exists (select from ${entityTable(name)} as touched where touched.entity = known.entity)
      and ${ofOthers}
    union all
    select * from ${contributionBuildTable(name)}
  )`;
}

/** The rows that the touched entities contributed to before, and those they contribute to now. */
function scope(definition: ReportDefinition): SqlText {
  const { name } = definition;
  const columns = groupColumns(definition);
  if (columns.length === 0) return sql`select true as every_row`;
  return sql`
    select ${columnList(columns)} from ${contributionBuildTable(name)}
    union
    select ${columnList(columns)} from ${contributionTable(name)}
    where entity in (select entity from ${entityTable(name)})`;
}

async function touchedEntities(
  client: ClientBase,
  definition: ReportDefinition,
  asOfDay: string,
  base: IncrementalBase,
): Promise<number[]> {
  const { name } = definition;
  const table = entityTable(name);
  await runSql(
    client,
    sql`/* reporting.find_touched_entities ${raw(name)} */
      create unlogged table ${table} ${withoutAutovacuum} as ${await touchedSince(definition, asOfDay, base)}`,
  );
  await runSql(client, sql`/* reporting.analyze_build */ analyze ${table}`);
  const { rows } = await runSql<{ entities: number[] | null }>(
    client,
    sql`/* reporting.list_touched_entities */ select array_agg(entity) as entities from ${table}`,
  );
  return rows[0]!.entities ?? [];
}

/** A query that selects, as `entity`, the entities whose contributions may have changed since a state. */
export async function touchedSince(
  { contributions, relations }: ReportDefinition,
  asOfDay: string,
  base: IncrementalBase,
): Promise<SqlText> {
  const values = { since: base.cleanedUntil, earlier_as_of_day: base.asOfDay, as_of_day: asOfDay };
  const now = await readRelations(relations);
  const known = [...now, ...onEarlierDay(now)];
  const queries = contributions!.touched.map(async (file) => {
    const template = templateWithRelations(await readFile(file, 'utf8'), file, known);
    return sql`select entity from (\n${template(values)}\n) as touched`;
  });
  return joined(await Promise.all(queries), '\nunion\n');
}
