import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { ClientBase } from 'pg';
import { ident, raw, runSql, type SqlText, sql } from '../../database/sql.js';
import { sqlTemplate } from '../../database/sql-file.js';
import type { ReportDefinition, Rollup } from '../definition/definition.js';
import { columnList, listOf } from '../sql/row-sql.js';
import { rollupBuildTable, rollupTable } from '../sql/table-names.js';
import {
  exactTime,
  onlyGrewSince,
  stateText,
  type WarehouseState,
  warehouseState,
} from './warehouse-state.js';

/**
 * Updates the rollups of a warehouse table in the transaction that cleaned it. There its new rows can be read before Postgres
 * has to mark them as committed, which after a first load of millions of rows costs more than everything else.
 */
export async function updateRollups(
  client: ClientBase,
  definitions: readonly ReportDefinition[],
  table: string,
): Promise<void> {
  const rollups = new Map(
    definitions
      .flatMap(({ contributions }) => contributions?.rollups ?? [])
      .map((rollup) => [rollup.name, rollup] as const),
  );
  for (const rollup of rollups.values()) if (rollup.table === table) await updateRollup(client, rollup);
}

/**
 * Updates a rollup to what its table contains: not at all if it is current, by the rows that were added and removed if the table
 * only grew, otherwise by summing the whole table.
 * @param options.full whether to sum the whole table in any case
 */
export async function updateRollup(
  client: ClientBase,
  rollup: Rollup,
  { full = false }: { full?: boolean } = {},
): Promise<void> {
  const { name, table, key, sums } = rollup;
  const text = await readFile(rollup.sqlFile, 'utf8');
  const hash = createHash('sha256')
    .update(JSON.stringify({ key, sums, sql: text }))
    .digest('hex');
  const now = await warehouseState(client, { table });
  const then = full ? null : await readRollupState(client, name, hash);
  if (then !== null && stateText(then) === stateText(now)) return;
  const base = then !== null && (await onlyGrewSince(client, then, table)) ? then : null;
  const added = sqlTemplate(text, rollup.sqlFile)({ counted_until: base?.cleanedUntil ?? null });
  await runSql(
    client,
    sql`/* reporting.prepare_rollup */
      select set_config('jit', 'off', true), set_config('enable_partitionwise_aggregate', 'on', true)`,
  );
  await runSql(
    client,
    sql`/* reporting.build_rollup ${raw(name)} */
      create table ${rollupBuildTable(name)} as
      ${base === null ? totals(rollup, added) : mergedTotals(rollup, added)}`,
  );
  await replaceRollup(client, name);
  await keepRollupState(client, name, hash, now);
}

function totals({ key, sums }: Rollup, added: SqlText): SqlText {
  return sql`select ${columnList([...key, ...sums])} from (\n${added}\n) as part`;
}

function mergedTotals({ name, key, sums }: Rollup, added: SqlText): SqlText {
  const summed = sums.map((column) => sql`sum(${ident(column)}) as ${ident(column)}`);
  return sql`select ${listOf([...key.map((column) => ident(column)), ...summed])}
    from (select ${columnList([...key, ...sums])} from ${rollupTable(name)} union all\n${added}) as part
    group by ${columnList(key)}`;
}

async function replaceRollup(client: ClientBase, name: string): Promise<void> {
  await runSql(client, sql`/* reporting.replace_rollup */ drop table if exists ${rollupTable(name)}`);
  await runSql(
    client,
    sql`/* reporting.replace_rollup */
      alter table ${rollupBuildTable(name)} rename to ${ident(`stock_${name}`)}`,
  );
  await runSql(client, sql`/* reporting.analyze_rollup */ analyze ${rollupTable(name)}`);
}

async function keepRollupState(
  client: ClientBase,
  name: string,
  hash: string,
  { cleaned, retired, cleanedUntil }: WarehouseState,
): Promise<void> {
  await runSql(
    client,
    sql`/* reporting.keep_rollup_state */
      insert into support.stock_state (stock, definition_hash, cleaned, retired, cleaned_until)
      values (${name}, ${hash}, ${cleaned}, ${retired}, ${cleanedUntil})
      on conflict (stock) do update
      set definition_hash = excluded.definition_hash, cleaned = excluded.cleaned, retired = excluded.retired,
        cleaned_until = excluded.cleaned_until`,
  );
}

async function readRollupState(
  client: ClientBase,
  name: string,
  hash: string,
): Promise<WarehouseState | null> {
  const { rows } = await runSql<WarehouseState>(
    client,
    sql`/* reporting.read_rollup_state */
      select cleaned, retired, ${exactTime('cleaned_until')} as "cleanedUntil"
      from support.stock_state
      where stock = ${name} and definition_hash = ${hash} and to_regclass(${`support."stock_${name}"`}) is not null`,
  );
  return rows[0] ?? null;
}
