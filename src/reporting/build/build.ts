import type { ClientBase } from 'pg';
import { ledger } from '../../database/prisma-client.js';
import { ident, joined, raw, runSql, type SqlText, sql } from '../../database/sql.js';
import { Failure } from '../../fault.js';
import type { ReportDefinition } from '../definition/definition.js';
import { definitionHash } from '../definition/definition-hash.js';
import { readReflected } from '../publications/publication.js';
import type { Reflected } from '../publications/types.js';
import { type ReportSql, readReportSql } from '../sql/report-sql.js';
import { columnOf, listOf } from '../sql/row-sql.js';
import { buildTable, markTable, withoutAutovacuum } from '../sql/table-names.js';
import { buildContributions } from './contribution-build.js';
import { dropBuild } from './drop-build.js';
import { type IncrementalBase, incrementalBase } from './incremental-base.js';
import { stateText, type WarehouseState, warehouseState } from './warehouse-state.js';

/** What all steps of one publication have in common. */
export interface BuildOptions {
  /** YYYY-MM-DD, see `readAsOf`. */
  readonly asOfDay: string;
  /** The run in the ledger; null outside of a run. */
  readonly runId: string | null;
  /** Whether to compute every row, even those that nothing touched since the last publication. */
  readonly whole?: boolean | undefined;
}

export interface BuildResult {
  readonly report: string;
  /** Rows built: all rows of the report, or the touched ones. */
  readonly rows: number;
  readonly whole: boolean;
}

const sqlTypes = {
  int: 'integer',
  bigint: 'bigint',
  numeric: 'numeric',
  text: 'text',
  date: 'date',
} as const;

/**
 * Computes a report from the warehouse into `support.build_<report>`, which readers cannot see, and records what it was built
 * for. Computes only the rows that new files touch when it can start from the published state; the result is the same.
 * An earlier build of the same report is replaced, together with its check results.
 *
 * Runs in the caller's transaction (read committed): if the process is killed, the earlier build stays as it was.
 * @throws Failure `warehouse_moved` when files were cleaned at the same time.
 */
export async function buildReport(
  client: ClientBase,
  definition: ReportDefinition,
  { asOfDay, runId, whole = false }: BuildOptions,
): Promise<BuildResult> {
  const statements = await readReportSql(definition);
  const state = await warehouseState(client);
  const reflected = await readReflected(client);
  await dropBuild(client, definition);
  await prepareBuild(client);
  const base = whole ? null : await incrementalBase(client, definition);
  const contribution =
    statements.contributions === null
      ? null
      : await buildContributions(client, definition, statements.contributions, asOfDay, base, {
          full: whole,
        });
  const rows = await buildRows(client, definition, statements, contribution, asOfDay);
  await requireSameWarehouse(client, definition, state);
  await recordBuild(client, definition, { asOfDay, runId, state, base, rows, reflected });
  await forgetCheckResults(client, definition, runId);
  await markBuild(client, definition);
  return { report: definition.name, rows, whole: base === null };
}

/** Partitioned tables are aggregated partition by partition, one worker per core. Compiling such queries never pays. */
async function prepareBuild(client: ClientBase): Promise<void> {
  await runSql(
    client,
    sql`/* reporting.prepare_build */
      select set_config('jit', 'off', true), set_config('enable_partitionwise_aggregate', 'on', true),
        set_config('work_mem', '64MB', true), set_config('random_page_cost', '1.1', true),
        set_config('default_statistics_target', '10', true)`,
  );
}

async function buildRows(
  client: ClientBase,
  { name, columns }: ReportDefinition,
  { rows, globalAggregates }: ReportSql,
  contribution: SqlText | null,
  asOfDay: string,
): Promise<number> {
  const cast = columns.map(
    (column) =>
      sql`${columnOf(column.name, 'report')}::${raw(sqlTypes[column.type])} as ${ident(column.name)}`,
  );
  const relations = [
    ...(contribution === null ? [] : [contribution]),
    ...(globalAggregates === null ? [] : [sql`global_aggregates as (\n${globalAggregates()}\n)`]),
  ];
  const head = relations.length === 0 ? sql`` : sql`with ${joined(relations, ',\n')}`;
  // `create table as` can run in parallel, an insert cannot.
  const built = await runSql(
    client,
    sql`/* reporting.build_rows ${raw(name)} */
      create unlogged table ${buildTable(name)} ${withoutAutovacuum} as
      ${head}
      select ${listOf(cast)} from (\n${rows({ as_of_day: asOfDay })}\n) as report`,
  );
  await runSql(client, sql`/* reporting.analyze_build */ analyze ${buildTable(name)}`);
  return built.rowCount ?? 0;
}

async function requireSameWarehouse(
  client: ClientBase,
  { name }: ReportDefinition,
  state: WarehouseState,
): Promise<void> {
  if (stateText(await warehouseState(client)) === stateText(state)) return;
  throw new Failure(
    'warehouse_moved',
    `The warehouse changed while ${name} was being built. It will be built again once cleaning has finished.`,
  );
}

interface Build {
  readonly asOfDay: string;
  readonly runId: string | null;
  readonly state: WarehouseState;
  readonly base: IncrementalBase | null;
  readonly rows: number;
  readonly reflected: Reflected;
}

async function recordBuild(
  client: ClientBase,
  definition: ReportDefinition,
  { asOfDay, runId, state, base, rows, reflected }: Build,
): Promise<void> {
  await runSql(
    client,
    sql`/* reporting.record_build */
      insert into support.report_build
        (report, run_id, as_of_day, definition_hash, warehouse_state, cleaned_until, base_publication, row_count, reflects)
      values (
        ${definition.name}, ${runId}, ${asOfDay}, ${await definitionHash(definition)}, ${stateText(state)},
        ${state.cleanedUntil}, ${base?.publication ?? null}, ${rows}, ${JSON.stringify(reflected)}
      )`,
  );
}

/**
 * Marks the build as complete. After a crash, Postgres empties all tables that are not logged: the build, its differences and this
 * mark together. Counting rows would not always show it, since a build may have none.
 */
async function markBuild(client: ClientBase, { name }: ReportDefinition): Promise<void> {
  await runSql(
    client,
    sql`/* reporting.mark_build */
      create unlogged table ${markTable(name)} ${withoutAutovacuum} as select true as built`,
  );
}

async function forgetCheckResults(
  client: ClientBase,
  { name }: ReportDefinition,
  runId: string | null,
): Promise<void> {
  const rows = await ledger(client);
  await rows.checkResult.deleteMany({ where: { run_id: runId, publication: null, report: name } });
}
