import { readFile } from 'node:fs/promises';
import type { ClientBase } from 'pg';
import { Failure } from '../fault.js';
import type { ReportDefinition } from './definition.js';
import { definitionHash } from './definition-hash.js';
import { buildTable, quoted } from './sql-names.js';
import { warehouseState } from './warehouse-state.js';

/** What all steps of one publication share. */
export interface BuildOptions {
  /** YYYY-MM-DD, see `readAsOf`. */
  readonly asOfDay: string;
  /** The run in the ledger; null outside of one. */
  readonly runId: string | null;
}

/** What a build came to. */
export interface BuildResult {
  readonly report: string;
  readonly rows: number;
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
 * was built for. A build of the same report that was there before is replaced, and its check results with it.
 *
 * Runs in the caller's transaction (read committed): a kill leaves the build as it was before.
 * @throws Failure `warehouse-moved` when cleaning went on at the same time.
 */
export async function buildReport(
  client: ClientBase,
  definition: ReportDefinition,
  { asOfDay, runId }: BuildOptions,
): Promise<BuildResult> {
  const sql = await readFile(definition.sqlFile, 'utf8');
  const table = buildTable(definition.name);
  const columns = definition.columns.map(
    ({ name, type }) => `${quoted(name, 'report')}::${sqlTypes[type]} as ${quoted(name)}`,
  );
  const state = await warehouseState(client);
  await client.query(`/* reporting.prepare_build */ drop table if exists ${table}`);
  // Partitioned tables are aggregated side by side, one worker per core; compiling such queries never pays.
  await client.query(
    `/* reporting.prepare_build */
     select set_config('jit', 'off', true), set_config('enable_partitionwise_aggregate', 'on', true),
       set_config('work_mem', '64MB', true)`,
  );
  // Only `create table as` runs in parallel (an insert does not), and its parameters may be bound.
  const built = await client.query(
    `/* reporting.build ${definition.name} */
     create unlogged table ${table} as
     select ${columns.join(', ')} from (\n${sql}\n) as report`,
    sql.includes('$1') ? [asOfDay] : [],
  );
  const rows = built.rowCount ?? 0;
  if ((await warehouseState(client)) !== state) {
    throw new Failure(
      'warehouse-moved',
      `The warehouse changed while ${definition.name} was built: it is built again once the cleaning rests.`,
    );
  }
  await client.query(`/* reporting.analyze_build */ analyze ${table}`);
  await client.query(
    `/* reporting.note_build */
     insert into support.report_build (report, run_id, as_of_day, definition_hash, warehouse_state, row_count)
     values ($1, $2, $3, $4, $5, $6)
     on conflict (report) do update
     set run_id = excluded.run_id, as_of_day = excluded.as_of_day, definition_hash = excluded.definition_hash,
       warehouse_state = excluded.warehouse_state, row_count = excluded.row_count,
       created_date = excluded.created_date`,
    [definition.name, runId, asOfDay, await definitionHash(definition), state, rows],
  );
  await client.query(
    `/* reporting.forget_checks */
     delete from support.check_result where run_id is not distinct from $1 and publication is null and report = $2`,
    [runId, definition.name],
  );
  return { report: definition.name, rows };
}
