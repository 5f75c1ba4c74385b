import type { PoolClient } from 'pg';
import { identifier, literal } from '../database/identifier.js';
import { recordColumn } from './extraction.js';
import type { TablePlan } from './mapping.js';
import { target } from './merge.js';
import type { SourceFile } from './source-file.js';

/** The partition of a large table that holds its live rows. */
export interface LivePartition {
  readonly name: string;
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

/** The live rows' partition of a table that is partitioned by `deleted`; null for a table in one piece. */
export async function findLivePartition(client: PoolClient, plan: TablePlan): Promise<LivePartition | null> {
  if (!plan.partitioned) return null;
  const { rows } = await client.query<LivePartition>(
    `/* warehouse.live_partition */
     select c.relname::text as name, indexes.listed as indexes
     from pg_inherits join pg_class c on c.oid = inhrelid
     cross join lateral (
       select coalesce(json_agg(json_build_object('name', i.relname, 'unique', indisunique,
                'method', substring(pg_get_indexdef(indexrelid) from ' (USING .*)$')) order by indexrelid), '[]') as listed
       from pg_index join pg_class i on i.oid = indexrelid where indrelid = c.oid
     ) indexes
     where inhparent = to_regclass($1) and pg_get_expr(c.relpartbound, c.oid) = 'FOR VALUES IN (false)'`,
    [target(plan)],
  );
  return rows[0] ?? null;
}

/**
 * Puts a new table with these rows in the place of the empty partition of live rows, once it is complete: until then
 * nobody has to wait who reads the table. `create table as` reads with all
 * the workers there are, which `insert` never does; made in this transaction, its rows are not logged where `wal_level`
 * is `minimal`; and what is the same in all of them is a constant default, which takes no room in a row
 * (26 million ratings: 1.8 GB instead of 2.6).
 * @returns how many rows there are
 * @throws the database's `not_null_violation` (23502) and `unique_violation` (23505) when a key is missing or comes twice
 */
export async function fillLivePartition(
  client: PoolClient,
  plan: TablePlan,
  file: SourceFile,
  rows: string,
  partition: LivePartition,
): Promise<number> {
  const live = identifier(plan.schema, partition.name);
  const fresh = identifier(plan.schema, freshName(partition.name));
  const columns = await readColumns(client, plan);
  const copied = new Map(plan.fields.map(({ field }) => [field, identifier(field)]));
  copied.set('record_number', recordColumn);
  // In the table's own order, in which its author laid them so that little room is lost between them.
  const typed = columns.flatMap(({ name, type }) =>
    copied.has(name) ? [`o.${copied.get(name)}::${type} as ${identifier(name)}`] : [],
  );
  await client.query('set local parallel_tuple_cost = 0');
  await client.query('set local parallel_setup_cost = 0');
  const filled = await client.query(
    `/* warehouse.fill_live */
     create table ${fresh} as select ${typed.join(', ')} from (${rows}) o`,
  );
  await client.query('set local parallel_tuple_cost to default');
  await client.query('set local parallel_setup_cost to default');
  const constants: Record<string, string> = {
    file_id: String(file.id),
    valid_from: literal(file.period),
    created_date: 'now()',
    deleted: 'false',
  };
  // One ALTER reads the rows once, for all that must hold of them; `not deleted` is what attaching would look for.
  const changes = columns.map(({ name, type, required }) => {
    const notNull = required ? 'not null' : '';
    if (copied.has(name)) return required ? [`alter ${identifier(name)} set not null`] : [];
    const constant = constants[name] === undefined ? '' : `default ${constants[name]}`;
    return [`add column ${identifier(name)} ${type} ${notNull} ${constant}`];
  });
  await client.query(
    `/* warehouse.complete_live */ alter table ${fresh} ${[...changes.flat(), 'add constraint is_live check (not deleted)'].join(', ')}`,
  );
  const inserted = filled.rowCount ?? 0;
  for (const { name, unique, method } of partition.indexes) {
    if (unique) await sortAlone(client, inserted);
    await client.query(
      `/* warehouse.create_index */ create ${unique ? 'unique' : ''} index ${identifier(freshName(name))} on ${fresh} ${method}`,
    );
    await client.query('set local max_parallel_maintenance_workers to default');
  }
  const defaults = Object.keys(constants).map((name) => `alter ${name} drop default`);
  await client.query(`/* warehouse.drop_defaults */ alter table ${fresh} ${defaults.join(', ')}`);
  await client.query(`/* warehouse.drop_empty */ drop table ${live}`);
  const renamed = [
    `alter table ${fresh} rename to ${identifier(partition.name)}`,
    ...partition.indexes.map(
      ({ name }) => `alter index ${identifier(plan.schema, freshName(name))} rename to ${identifier(name)}`,
    ),
  ];
  await client.query(`/* warehouse.rename_live */ ${renamed.join('; ')}`);
  await client.query(
    `/* warehouse.attach_live */ alter table ${target(plan)} attach partition ${live} for values in (false)`,
  );
  await client.query(`/* warehouse.drop_check */ alter table ${live} drop constraint is_live`);
  await client.query(`/* warehouse.analyze */ analyze ${target(plan)}`);
  return inserted;
}

/** What one entry takes while it is sorted: its key of two or three numbers, and Postgres's own 24 bytes. */
const sortedEntryBytes = 64;

/**
 * Has the next index sorted by one process where its memory holds all entries: workers write what they sorted to files
 * for one of them to merge. For 26 million ratings they are no sooner done (17 s and 16 s) and take 27 s of processors
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

/** What a table or an index is called until it takes the place of another. */
function freshName(name: string): string {
  return `${name}_new`;
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
