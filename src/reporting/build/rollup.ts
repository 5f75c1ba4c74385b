import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { ClientBase } from 'pg';
import type { ReportDefinition, Stock } from '../definition/definition.js';
import { withValues } from '../sql/report-sql.js';
import { columnList, quoted, stockBuildTable, stockTable } from '../sql/table-names.js';
import { onlyGrewSince, stateText, type WarehouseState, warehouseState } from './warehouse-state.js';

/**
 * Brings the stocks of a warehouse table up to what it holds, in the transaction that cleaned it: there its new rows
 * can be read before they have to be marked as committed, which for a first load of millions costs more than all else.
 */
export async function bringStocksUp(
  client: ClientBase,
  definitions: readonly ReportDefinition[],
  table: string,
): Promise<void> {
  const stocks = new Map(
    definitions
      .flatMap(({ contributions }) => contributions?.stocks ?? [])
      .map((stock) => [stock.name, stock] as const),
  );
  for (const stock of stocks.values()) if (stock.table === table) await bringStockUp(client, stock);
}

/**
 * Brings a stock up to what its table holds: by nothing where it is, by what came and went where the table only grew,
 * else by summing all of it.
 * @param options.anew whether all of it is summed in any case
 */
export async function bringStockUp(
  client: ClientBase,
  stock: Stock,
  { anew = false }: { anew?: boolean } = {},
): Promise<void> {
  const { name, table, key, sums } = stock;
  const sql = await readFile(stock.sqlFile, 'utf8');
  const hash = createHash('sha256').update(JSON.stringify({ key, sums, sql })).digest('hex');
  const now = await warehouseState(client, { table });
  const then = anew ? null : await readStockState(client, name, hash);
  if (then !== null && stateText(then) === stateText(now)) return;
  const known = then !== null && (await onlyGrewSince(client, then, table)) ? then : null;
  const built = stockBuildTable(name);
  const parts = withValues(sql, [known?.cleanedUntil ?? null]);
  const summed = sums.map((column) => `sum(${quoted(column)}) as ${quoted(column)}`).join(', ');
  await client.query(
    `/* reporting.prepare_stock */
     select set_config('jit', 'off', true), set_config('enable_partitionwise_aggregate', 'on', true)`,
  );
  await client.query(
    `/* reporting.build_stock ${name} */
     create table ${built} as
     ${
       known === null
         ? `select ${columnList([...key, ...sums])} from (\n${parts}\n) as part`
         : `select ${columnList(key)}, ${summed}
            from (select ${columnList([...key, ...sums])} from ${stockTable(name)} union all\n${parts}) as part
            group by ${columnList(key)}`
     }`,
  );
  await client.query(`/* reporting.replace_stock */ drop table if exists ${stockTable(name)}`);
  await client.query(
    `/* reporting.replace_stock */ alter table ${built} rename to ${quoted(`stock_${name}`)}`,
  );
  await client.query(`/* reporting.analyze_stock */ analyze ${stockTable(name)}`);
  await client.query(
    `/* reporting.keep_stock_state */
     insert into support.stock_state (stock, definition_hash, cleaned, retired, cleaned_until)
     values ($1, $2, $3, $4, $5)
     on conflict (stock) do update
     set definition_hash = excluded.definition_hash, cleaned = excluded.cleaned, retired = excluded.retired,
       cleaned_until = excluded.cleaned_until`,
    [name, hash, now.cleaned, now.retired, now.cleanedUntil],
  );
}

async function readStockState(
  client: ClientBase,
  name: string,
  hash: string,
): Promise<WarehouseState | null> {
  const { rows } = await client.query<WarehouseState>(
    `/* reporting.read_stock_state */
     select cleaned, retired,
       to_char(cleaned_until at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "cleanedUntil"
     from support.stock_state
     where stock = $1 and definition_hash = $2 and to_regclass($3) is not null`,
    [name, hash, stockTable(name)],
  );
  return rows[0] ?? null;
}
