import type { Pool, PoolClient } from 'pg';
import { identifier, literal } from '../../database/identifier.js';
import { inTransaction } from '../../database/transaction.js';
import type { Cleaning } from '../extract/cleaning.js';
import { recordColumn } from '../extract/extraction.js';
import type { SourceFile } from '../extract/source-file.js';
import type { TablePlan } from '../mapping/table-plan.js';
import { freshName, newMark } from '../tables/work-table-names.js';
import { withHeartbeat } from './idle-heartbeat.js';
import { target } from './merge.js';

/** A partition that holds live rows of a large table: all of them, or those of one range of keys. */
export interface LiveTable {
  readonly name: string;
  /** The table it is a partition of. */
  readonly parent: string;
  /** Its bound in the parent, as `FOR VALUES …`. */
  readonly bound: string;
  /** The condition that its rows fulfil and rows of other partitions do not. */
  readonly constraint: string;
  readonly indexes: readonly PartitionIndex[];
}

interface PartitionIndex {
  readonly name: string;
  readonly unique: boolean;
  /** The part of its definition after the table's name. */
  readonly method: string;
}

interface Column {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
}

/** The partitions with the live rows of a table that is partitioned by `deleted`; empty for a table without partitions. */
export async function findLiveTables(client: PoolClient, plan: TablePlan): Promise<LiveTable[]> {
  if (!plan.partitioned) return [];
  const { rows } = await client.query<LiveTable>(
    `/* warehouse.live_tables */
     select c.relname::text as name, parent.relname::text as parent, pg_get_expr(c.relpartbound, c.oid) as bound,
            pg_get_partition_constraintdef(c.oid) as constraint, indexes.listed as indexes
     from pg_inherits of_live join pg_class live on live.oid = of_live.inhrelid
     cross join lateral pg_partition_tree(live.oid) tree
     join pg_class c on c.oid = tree.relid
     join pg_inherits of_leaf on of_leaf.inhrelid = c.oid join pg_class parent on parent.oid = of_leaf.inhparent
     cross join lateral (
       select coalesce(json_agg(json_build_object('name', i.relname, 'unique', indisunique,
                'method', substring(pg_get_indexdef(indexrelid) from ' (USING .*)$')) order by indexrelid), '[]') as listed
       from pg_index join pg_class i on i.oid = indexrelid where indrelid = c.oid
     ) indexes
     where of_live.inhparent = to_regclass($1) and pg_get_expr(live.relpartbound, live.oid) = 'FOR VALUES IN (false)'
       and tree.isleaf
     order by c.relname`,
    [target(plan)],
  );
  return rows;
}

/** What all partitions of live rows are filled with. */
interface Filling {
  readonly plan: TablePlan;
  /** A select of the plan's fields and `_record`. */
  readonly rows: string;
  readonly columns: readonly Column[];
  /** SQL expressions of the columns that have the same value in all rows, by name. */
  readonly constants: Readonly<Record<string, string>>;
  /** The mark in the names of the new tables, which separates them from those of other attempts. */
  readonly mark: string;
}

/**
 * Replaces the empty partitions of live rows with new tables that hold these rows. The new tables are swapped in when they are
 * complete, so that readers of the table do not have to wait.
 *
 * When other connections can see the rows, each table is filled in parallel on a separate connection and committed before it is
 * swapped in. The tables of an attempt that does not finish carry its mark, so that no other attempt uses them, and
 * `dropUnfinished` drops them. A row without a key is in no partition's range and is left out; the caller must compare the counts.
 * @param shared whether other connections can see what `rows` reads
 * @returns the number of rows
 * @throws the database's `check_violation` (23514) or `unique_violation` (23505) when a value is missing or a key occurs twice
 */
export async function fillLiveTables(
  { pool, client, plan }: Pick<Cleaning, 'pool' | 'client' | 'plan'>,
  file: SourceFile,
  rows: string,
  tables: readonly LiveTable[],
  shared: boolean,
): Promise<number> {
  const { rows: begun } = await client.query<{ now: string }>(
    '/* warehouse.transaction_time */ select now()::text as now',
  );
  const filling: Filling = {
    plan,
    rows,
    columns: await readColumns(client, plan),
    constants: {
      file_id: String(file.id),
      valid_from: literal(file.period),
      created_date: `${literal(begun[0]!.now)}::timestamptz`,
      deleted: 'false',
    },
    mark: newMark(),
  };
  let inserted = 0;
  if (shared && tables.length > 1) {
    inserted = await fillInParallel(pool, client, filling, tables);
  } else {
    for (const table of tables) inserted += await fillTable(client, filling, table);
  }
  for (const table of tables) await swapIn(client, filling, table);
  // This samples the table and every partition; a quarter of the usual sample takes a quarter of the time.
  await client.query('/* warehouse.limit_statistics */ set local default_statistics_target = 25');
  await client.query(`/* warehouse.analyze_live */ analyze ${target(plan)}`);
  await client.query('/* warehouse.reset_statistics */ set local default_statistics_target to default');
  return inserted;
}

/** Fills each table on a separate connection. Waits for all of them, then throws if one failed. */
async function fillInParallel(
  pool: Pool,
  client: PoolClient,
  filling: Filling,
  tables: readonly LiveTable[],
): Promise<number> {
  const { rows: settings } = await client.query<{ idle: string; workers: number }>(
    `/* warehouse.parallel_settings */
     select current_setting('idle_in_transaction_session_timeout') as idle,
            current_setting('max_parallel_workers')::integer / $1 as workers`,
    [tables.length],
  );
  const { idle, workers } = settings[0]!;
  const filled = await withHeartbeat(client, (lost) => {
    const backends: number[] = [];
    // Without the lock another worker may clean the table, so these connections must stop.
    lost.addEventListener('abort', () => {
      pool
        .query(
          '/* warehouse.end_filling */ select pg_terminate_backend(pid) from unnest($1::integer[]) pid',
          [backends],
        )
        .catch(() => undefined);
    });
    return Promise.allSettled(
      tables.map((table) =>
        inTransaction(pool, async (own) => {
          const { rows } = await own.query<{ pid: number }>(
            `/* warehouse.begin_filling */
             select pg_backend_pid() as pid, set_config('idle_in_transaction_session_timeout', $1, true),
                    set_config('max_parallel_workers_per_gather', $2, true)`,
            // A single parallel worker is no gain when the processors have other tables to fill.
            [idle, String(workers < 2 ? 0 : workers)],
          );
          backends.push(rows[0]!.pid);
          lost.throwIfAborted();
          return fillTable(own, filling, table);
        }),
      ),
    );
  });
  return filled.reduce((sum, result) => {
    if (result.status === 'rejected') throw result.reason;
    return sum + result.value;
  }, 0);
}

/**
 * Creates the complete table that will replace a partition of live rows. `create table as` reads with parallel workers, which
 * `insert` never does, and writes no WAL when `wal_level` is `minimal`. A column with the same value in all rows is added with a
 * constant default, which uses no space in the rows (26 million rows of five columns: 1.6 GB instead of 2.4).
 * @returns the number of rows
 */
async function fillTable(
  client: PoolClient,
  { plan, rows, columns, constants, mark }: Filling,
  table: LiveTable,
): Promise<number> {
  const fresh = identifier(plan.schema, freshName(table.name, mark));
  const copied = new Map(plan.fields.map(({ field }) => [field, identifier(field)]));
  copied.set('record_number', recordColumn);
  // In the order of the table, which was chosen to lose little space to alignment.
  const typed = columns.flatMap(({ name, type }) =>
    copied.has(name) ? [`o.${copied.get(name)}::${type} as ${identifier(name)}`] : [],
  );
  const names = columns.flatMap(({ name }) => (copied.has(name) ? [identifier(name)] : []));
  // The leader only writes; the parallel workers read for it.
  await client.query(
    `/* warehouse.read_in_parallel */
     select set_config('parallel_tuple_cost', '0', true), set_config('parallel_setup_cost', '0', true),
            set_config('parallel_leader_participation', 'off', true)`,
  );
  const filled = await client.query(
    `/* warehouse.fill_live */
     create table ${fresh} as
     select ${names.join(', ')} from (select ${typed.join(', ')}, false as deleted from (${rows}) o) typed
     where ${table.constraint}`,
  );
  await client.query(
    '/* warehouse.reset_parallel */ set local parallel_tuple_cost to default; set local parallel_setup_cost to default; set local parallel_leader_participation to default',
  );
  const added = columns.flatMap(({ name, type, required }) => {
    if (copied.has(name)) return [];
    const constant = constants[name] === undefined ? '' : `default ${constants[name]}`;
    return [`add column ${identifier(name)} ${type} ${required ? 'not null' : ''} ${constant}`];
  });
  const required = columns.flatMap(({ name, required }) =>
    required && copied.has(name) ? [identifier(name)] : [],
  );
  // One check constraint reads the rows once for all conditions. `attach partition` and `set not null` rely on it; without it,
  // `set not null` would read every column of every row, which takes 1.5 times as long.
  const holds = [table.constraint, ...required.map((name) => `${name} is not null`)].join(' and ');
  await client.query(
    `/* warehouse.complete_live */ alter table ${fresh} ${[...added, `add constraint is_live check (${holds})`].join(', ')}`,
  );
  if (required.length > 0) {
    await client.query(
      `/* warehouse.require_live */ alter table ${fresh} ${required.map((name) => `alter ${name} set not null`).join(', ')}`,
    );
  }
  const inserted = filled.rowCount ?? 0;
  for (const { name, unique, method } of table.indexes) {
    if (unique) await sortAlone(client, inserted);
    await client.query(
      `/* warehouse.create_index */ create ${unique ? 'unique' : ''} index ${identifier(freshName(name, mark))} on ${fresh} ${method}`,
    );
    await client.query('/* warehouse.reset_sort */ set local max_parallel_maintenance_workers to default');
  }
  const defaults = Object.keys(constants).map((name) => `alter ${identifier(name)} drop default`);
  await client.query(`/* warehouse.drop_defaults */ alter table ${fresh} ${defaults.join(', ')}`);
  return inserted;
}

async function swapIn(
  client: PoolClient,
  { plan, mark }: Filling,
  { name, parent, bound, indexes }: LiveTable,
): Promise<void> {
  const live = identifier(plan.schema, name);
  await client.query(`/* warehouse.drop_empty */ drop table ${live}`);
  const renamed = [
    `alter table ${identifier(plan.schema, freshName(name, mark))} rename to ${identifier(name)}`,
    ...indexes.map(
      (index) =>
        `alter index ${identifier(plan.schema, freshName(index.name, mark))} rename to ${identifier(index.name)}`,
    ),
  ];
  await client.query(`/* warehouse.rename_live */ ${renamed.join('; ')}`);
  await client.query(
    `/* warehouse.attach_live */ alter table ${identifier(plan.schema, parent)} attach partition ${live} ${bound}`,
  );
  await client.query(`/* warehouse.drop_check */ alter table ${live} drop constraint is_live`);
}

/** Memory for one index entry while it is sorted: a key of two or three numbers and 24 bytes of Postgres. */
const sortedEntryBytes = 64;

/**
 * Sorts the next index in one process when all its entries fit into memory. Parallel workers would write sorted runs to files
 * for one of them to merge: for 26 million rows they are no faster (17 s and 16 s) and use 27 s of processor time instead of
 * 16 s, which other tables need.
 */
async function sortAlone(client: PoolClient, rowCount: number): Promise<void> {
  await client.query(
    `/* warehouse.sort_alone */
     select set_config('max_parallel_maintenance_workers', '0', true)
     where pg_size_bytes(current_setting('maintenance_work_mem')) >= $1::bigint`,
    [rowCount * sortedEntryBytes],
  );
}

async function readColumns(client: PoolClient, plan: TablePlan): Promise<Column[]> {
  const { rows } = await client.query<Column>(
    `/* warehouse.target_columns */
     select attname::text as name, format_type(atttypid, atttypmod) as type, attnotnull as required
     from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and not attisdropped order by attnum`,
    [target(plan)],
  );
  return rows;
}
