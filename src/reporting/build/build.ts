import type { ClientBase } from 'pg';
import { Failure } from '../../fault.js';
import type { ReportDefinition } from '../definition/definition.js';
import { definitionHash } from '../definition/definition-hash.js';
import { readReflected } from '../publications/publication.js';
import { readReportSql, withValues } from '../sql/report-sql.js';
import { buildTable, quoted, untouchedByAutovacuum } from '../sql/table-names.js';
import { buildContributions } from './contribution-build.js';
import { dropBuild } from './drop-build.js';
import { stateToGoOnFrom } from './incremental-base.js';
import { stateText, warehouseState } from './warehouse-state.js';

/** What all steps of one publication share. */
export interface BuildOptions {
  /** YYYY-MM-DD, see `readAsOf`. */
  readonly asOfDay: string;
  /** The run in the ledger; null outside of one. */
  readonly runId: string | null;
  /** Whether to compute every row, even those that nothing touched since the last publication. */
  readonly whole?: boolean | undefined;
}

/** What a build came to. */
export interface BuildResult {
  readonly report: string;
  /** Rows built: all of the report's, or those that were touched. */
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
 * Computes a report from the warehouse into `support.build_<report>`, which no reader sees, and notes what it
 * was built for. Where the published state can be gone on from, only rows are computed that the files since touch;
 * the result is the same. A build of the same report that was there before is replaced, and its check results with it.
 *
 * Runs in the caller's transaction (read committed): a kill leaves the build as it was before.
 * @throws Failure `warehouse_moved` when cleaning went on at the same time.
 */
export async function buildReport(
  client: ClientBase,
  definition: ReportDefinition,
  { asOfDay, runId, whole = false }: BuildOptions,
): Promise<BuildResult> {
  const sql = await readReportSql(definition);
  const table = buildTable(definition.name);
  const columns = definition.columns.map(
    ({ name, type }) => `${quoted(name, 'report')}::${sqlTypes[type]} as ${quoted(name)}`,
  );
  const state = await warehouseState(client);
  const reflected = await readReflected(client);
  await dropBuild(client, definition);
  // Partitioned tables are aggregated side by side, one worker per core; compiling such queries never pays.
  await client.query(
    `/* reporting.prepare_build */
     select set_config('jit', 'off', true), set_config('enable_partitionwise_aggregate', 'on', true),
       set_config('work_mem', '64MB', true), set_config('random_page_cost', '1.1', true),
       set_config('default_statistics_target', '10', true)`,
  );
  const base = whole ? null : await stateToGoOnFrom(client, definition);
  const contribution =
    sql.contributions === null
      ? null
      : await buildContributions(client, definition, sql.contributions, asOfDay, base, { anew: whole });
  const relations = [
    ...(contribution === null ? [] : [contribution]),
    ...(sql.ofAll === null ? [] : [`of_all as (\n${sql.ofAll}\n)`]),
  ];
  // Only `create table as` runs in parallel; an insert does not.
  const built = await client.query(
    `/* reporting.build ${definition.name} */
     create unlogged table ${table} ${untouchedByAutovacuum} as
     ${relations.length === 0 ? '' : `with ${relations.join(',\n')}`}
     select ${columns.join(', ')} from (\n${withValues(sql.rows, [asOfDay])}\n) as report`,
  );
  const rows = built.rowCount ?? 0;
  if (stateText(await warehouseState(client)) !== stateText(state)) {
    throw new Failure(
      'warehouse_moved',
      `The warehouse changed while ${definition.name} was built: it is built again once the cleaning rests.`,
    );
  }
  await client.query(`/* reporting.analyze_build */ analyze ${table}`);
  await client.query(
    `/* reporting.note_build */
     insert into support.report_build
       (report, run_id, as_of_day, definition_hash, warehouse_state, cleaned_until, base_publication, row_count, reflects)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      definition.name,
      runId,
      asOfDay,
      await definitionHash(definition),
      stateText(state),
      state.cleanedUntil,
      base?.publication ?? null,
      rows,
      JSON.stringify(reflected),
    ],
  );
  await client.query(
    `/* reporting.forget_checks */
     delete from support.check_result where run_id is not distinct from $1 and publication is null and report = $2`,
    [runId, definition.name],
  );
  return { report: definition.name, rows, whole: base === null };
}
