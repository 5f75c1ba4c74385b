import { readFile } from 'node:fs/promises';
import type { ClientBase } from 'pg';
import type { ReportDefinition } from '../definition/definition.js';
import { withValues } from '../sql/report-sql.js';
import {
  columnList,
  contributionBuildTable,
  contributionTable,
  entityTable,
  inScope,
  quoted,
  scopeTable,
  stockTable,
  togetherColumns,
  untouchedByAutovacuum,
} from '../sql/table-names.js';
import type { ReportState } from './incremental-base.js';
import { bringStockUp } from './rollup.js';

/** A relation for the head of a query: `name as (…)`. */
type Relation = string;

/**
 * Computes the contributions of a report into a table of their own: all, or those of the entities touched since a
 * state.
 * @param options.anew whether nothing is gone on from, not even sums that are kept
 * @returns the relation `contribution`, for the rows to be computed from
 */
export async function buildContributions(
  client: ClientBase,
  definition: ReportDefinition,
  sql: string,
  asOfDay: string,
  base: ReportState | null,
  { anew }: { anew: boolean },
): Promise<Relation> {
  const { name } = definition;
  const built = contributionBuildTable(name);
  const stocks: Relation[] = [];
  for (const stock of definition.contributions!.stocks) {
    await bringStockUp(client, stock, { anew });
    stocks.push(`${quoted(stock.name)} as not materialized (select * from ${stockTable(stock.name)})`);
  }
  const entities = base === null ? null : await touchedEntities(client, definition, asOfDay, base);
  const from = stocks.length === 0 ? '' : `with ${stocks.join(',\n')}`;
  // Logged, since it is what the next build goes on from.
  await client.query(
    `/* reporting.build_contributions ${name} */
     create table ${built} ${untouchedByAutovacuum} as
     ${from} select * from (\n${withValues(sql, [asOfDay, entities])}\n) as contribution`,
  );
  await client.query(`/* reporting.analyze_build */ analyze ${built}`);
  if (base === null) return `contribution as not materialized (select * from ${built})`;
  await client.query(
    `/* reporting.scope_build ${name} */ 
     create unlogged table ${scopeTable(name)} ${untouchedByAutovacuum} as ${scope(definition)}`,
  );
  await client.query(`/* reporting.analyze_build */ analyze ${scopeTable(name)}`);
  return `contribution as not materialized ${contributionsToBe(definition, inScope(definition, 'known'))}`;
}

/**
 * The contributions there will be when those of the touched entities were built: these, and those of the others, as a
 * relation in brackets.
 * @param ofOthers which of the others are wanted, a condition on `known`
 */
export function contributionsToBe({ name }: ReportDefinition, ofOthers = 'true'): string {
  return `(
    select * from ${contributionTable(name)} as known
    where not exists (select from ${entityTable(name)} as touched where touched.entity = known.entity)
      and ${ofOthers}
    union all
    select * from ${contributionBuildTable(name)}
  )`;
}

/** The rows that contributions of touched entities went into, and those they go into now. */
function scope(definition: ReportDefinition): string {
  const { name } = definition;
  const columns = togetherColumns(definition);
  if (columns.length === 0) return 'select true as every_row';
  return `
    select ${columnList(columns)} from ${contributionBuildTable(name)}
    union
    select ${columnList(columns)} from ${contributionTable(name)}
    where entity in (select entity from ${entityTable(name)})`;
}

async function touchedEntities(
  client: ClientBase,
  definition: ReportDefinition,
  asOfDay: string,
  base: ReportState,
): Promise<number[]> {
  const table = entityTable(definition.name);
  const queries = await Promise.all(definition.contributions!.touched.map((file) => readFile(file, 'utf8')));
  const values = [base.cleanedUntil, base.asOfDay, asOfDay];
  await client.query(
    `/* reporting.find_touched ${definition.name} */
     create unlogged table ${table} ${untouchedByAutovacuum} as
     ${queries.map((query) => `select entity from (\n${withValues(query, values)}\n) as touched`).join('\nunion\n')}`,
  );
  await client.query(`/* reporting.analyze_build */ analyze ${table}`);
  const { rows } = await client.query<{ entities: number[] | null }>(
    `/* reporting.read_touched */ select array_agg(entity) as entities from ${table}`,
  );
  return rows[0]!.entities ?? [];
}
