import type { Pool, PoolClient } from 'pg';
import { identifier, literal } from '../../database/identifier.js';
import { inTransaction } from '../../database/transaction.js';
import type { Cleaning } from '../extract/cleaning.js';
import { recordColumn } from '../extract/extraction.js';
import type { SourceFile } from '../extract/source-file.js';
import type { TablePlan } from '../mapping/table-plan.js';
import { freshName, newMark } from '../tables/work-table-names.js';
import { keepAwake } from './idle-heartbeat.js';
import { target } from './merge.js';

/** A table that holds live rows of a large one: all of them, or those of one range of keys. */
export interface LiveTable {
  readonly name: string;
  /** The table it is a partition of. */
  readonly parent: string;
  /** `FOR VALUES …` of its parent. */
  readonly bound: string;
  /** What holds of its rows, and of no row of another partition. */
  readonly constraint: string;
  readonly indexes: readonly PartitionIndex[];
}

interface PartitionIndex {
  readonly name: string;
  readonly unique: boolean;
  /** What follows the table's name in its definition. */
  readonly method: string;
}

interface Column {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
}

/** The tables of the live rows of a table that is partitioned by `deleted`; none for a table in one piece. */
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

/** What all tables of live rows are filled from, and with. */
interface Filling {
  readonly plan: TablePlan;
  /** A select of the plan's fields and `_record`. */
  readonly rows: string;
  readonly columns: readonly Column[];
  /** SQL of the columns that are the same in all rows, by name. */
  readonly constants: Readonly<Record<string, string>>;
  /** What the new tables are marked with, so that no other attempt takes them for its own. */
  readonly mark: string;
}

/**
 * Puts new tables with these rows in the place of the empty tables of live rows, once they are complete: until then
 * nobody has to wait who reads the table.
 *
 * Where another connection sees the rows, each table is filled over one of its own, side by side, and committed before it
 * is put in place. What an attempt leaves that does not come to its end is nobody's: its tables carry its own mark, and go
 * by `dropUnfinished`. A row without a key is in no table's range and is left out; whoever asks counts.
 * @param shared whether another connection sees what `rows` reads
 * @returns how many rows there are
 * @throws the database's `check_violation` (23514) and `unique_violation` (23505) when a value is missing or a key
 * comes twice
 */
export async function fillLiveTables(
  { pool, client, plan }: Pick<Cleaning, 'pool' | 'client' | 'plan'>,
  file: SourceFile,
  rows: string,
  tables: readonly LiveTable[],
  shared: boolean,
): Promise<number> {
  const { rows: begun } = await client.query<{ now: string }>('select now()::text as now');
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
    inserted = await fillSideBySide(pool, client, filling, tables);
  } else {
    for (const table of tables) inserted += await fillTable(client, filling, table);
  }
  for (const table of tables) await putInPlace(client, filling, table);
  // Of a table and all its partitions, one by one: a quarter of the usual sample takes a quarter of the time.
  await client.query('set local default_statistics_target = 25');
  await client.query(`/* warehouse.analyze */ analyze ${target(plan)}`);
  await client.query('set local default_statistics_target to default');
  return inserted;
}

/** Fills each table over a connection of its own; fails when all have ended, if one of them failed. */
async function fillSideBySide(
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
  const filled = await keepAwake(client, (lost) => {
    const backends: number[] = [];
    // Without the table's lock it is nobody's work any more.
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
            // One helper beside the process that writes gains nothing where the processors have other tables to fill.
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
 * Makes the table that will take the place of one of live rows, complete. `create table as` reads with all the workers
 * there are, which `insert` never does; its rows are not logged where `wal_level` is `minimal`; and what is the same in
 * all of them is a constant default, which takes no room in a row (26 million rows of five columns: 1.6 GB instead of 2.4).
 * @returns how many rows it has
 */
async function fillTable(
  client: PoolClient,
  { plan, rows, columns, constants, mark }: Filling,
  table: LiveTable,
): Promise<number> {
  const fresh = identifier(plan.schema, freshName(table.name, mark));
  const copied = new Map(plan.fields.map(({ field }) => [field, identifier(field)]));
  copied.set('record_number', recordColumn);
  // In the table's own order, in which its author laid them so that little room is lost between them.
  const typed = columns.flatMap(({ name, type }) =>
    copied.has(name) ? [`o.${copied.get(name)}::${type} as ${identifier(name)}`] : [],
  );
  const names = columns.flatMap(({ name }) => (copied.has(name) ? [identifier(name)] : []));
  // The process that writes has enough to do with what the others read for it.
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
    'set local parallel_tuple_cost to default; set local parallel_setup_cost to default; set local parallel_leader_participation to default',
  );
  const added = columns.flatMap(({ name, type, required }) => {
    if (copied.has(name)) return [];
    const constant = constants[name] === undefined ? '' : `default ${constants[name]}`;
    return [`add column ${identifier(name)} ${type} ${required ? 'not null' : ''} ${constant}`];
  });
  const required = columns.flatMap(({ name, required }) =>
    required && copied.has(name) ? [identifier(name)] : [],
  );
  // One check reads the rows once for all that must hold of them. Attaching looks for it, and `set not null` takes its word:
  // alone it would put together every column of every row, for half of the time again.
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
    await client.query('set local max_parallel_maintenance_workers to default');
  }
  const defaults = Object.keys(constants).map((name) => `alter ${identifier(name)} drop default`);
  await client.query(`/* warehouse.drop_defaults */ alter table ${fresh} ${defaults.join(', ')}`);
  return inserted;
}

async function putInPlace(
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

/** What one entry takes while it is sorted: its key of two or three numbers, and Postgres's own 24 bytes. */
const sortedEntryBytes = 64;

/**
 * Has the next index sorted by one process where its memory holds all entries: workers write what they sorted to files
 * for one of them to merge. For 26 million rows they are no sooner done (17 s and 16 s) and take 27 s of processors
 * instead of 16, which other tables have use for.
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
