import type { PoolClient } from 'pg';
import { identifier, literal } from '../../database/identifier.js';

/** The schema in which the warehouse is rebuilt, next to the live one. */
export const rebuildSchema = 'rebuild';

interface Relation {
  readonly name: string;
  /** The partition key of a partitioned table. */
  readonly partitioning: string | null;
  /** The bound of a partition, as `FOR VALUES …`. */
  readonly bound: string | null;
  /** The table it is a partition of. */
  readonly parent: string | null;
  readonly comment: string | null;
  readonly constraints: readonly { readonly name: string; readonly definition: string }[];
  readonly indexes: readonly string[];
}

/** A table with its partitions, in the order in which they can be created. */
async function readRelations(client: PoolClient, schema: string, table: string): Promise<Relation[]> {
  const { rows } = await client.query<Relation>(
    `/* warehouse.read_relations */
     select c.relname::text as name, pg_get_partkeydef(c.oid) as partitioning,
            case when c.relispartition then pg_get_expr(c.relpartbound, c.oid) end as bound,
            (select relname::text from pg_class parent where parent.oid = tree.parentrelid) as parent,
            obj_description(c.oid, 'pg_class') as comment,
            (select coalesce(jsonb_agg(jsonb_build_object('name', conname, 'definition', pg_get_constraintdef(oid)) order by conname), '[]')
             from pg_constraint where conrelid = c.oid and contype in ('p', 'u', 'c')) as constraints,
            array(select pg_get_indexdef(i.indexrelid) from pg_index i
                  where i.indrelid = c.oid and not exists (select from pg_constraint where conindid = i.indexrelid)
                  order by i.indexrelid) as indexes
     from pg_partition_tree(${literal(identifier(schema, table))}) tree
     join pg_class c on c.oid = tree.relid order by tree.level, c.relname`,
  );
  if (rows.length > 0) return rows;
  const plain = await client.query<Relation>(
    `/* warehouse.read_relation */
     select c.relname::text as name, null as partitioning, null as bound, null as parent,
            obj_description(c.oid, 'pg_class') as comment,
            (select coalesce(jsonb_agg(jsonb_build_object('name', conname, 'definition', pg_get_constraintdef(oid)) order by conname), '[]')
             from pg_constraint where conrelid = c.oid and contype in ('p', 'u', 'c')) as constraints,
            array(select pg_get_indexdef(i.indexrelid) from pg_index i
                  where i.indrelid = c.oid and not exists (select from pg_constraint where conindid = i.indexrelid)
                  order by i.indexrelid) as indexes
     from pg_class c where c.oid = to_regclass(${literal(identifier(schema, table))})`,
  );
  return plain.rows;
}

/** Creates an empty copy of a table in the schema of the rebuild, with the same names of indexes and constraints. */
export async function copyShape(client: PoolClient, table: string): Promise<void> {
  const relations = await readRelations(client, 'warehouse', table);
  const elsewhere = (definition: string) =>
    definition.replace(/ ON (ONLY )?warehouse\./, ` ON ${rebuildSchema}.`);
  for (const { name, partitioning, bound, parent } of relations) {
    const copy = identifier(rebuildSchema, name);
    const split = partitioning === null ? '' : `partition by ${partitioning}`;
    await client.query(
      bound === null
        ? `/* warehouse.copy_shape */
           create table ${copy} (like ${identifier('warehouse', name)} including defaults including storage including comments)
           ${split}`
        : `/* warehouse.copy_partition */
           create table ${copy} partition of ${identifier(rebuildSchema, parent!)} ${bound} ${split}`,
    );
  }
  // Partitions first: an index of the partitioned table then adopts the indexes of its partitions.
  for (const { name, comment, constraints, indexes } of relations.toReversed()) {
    const copy = identifier(rebuildSchema, name);
    for (const constraint of constraints) {
      await client.query(
        `/* warehouse.copy_constraint */ alter table ${copy} add constraint ${identifier(constraint.name)} ${constraint.definition}`,
      );
    }
    for (const index of indexes) await client.query(`/* warehouse.copy_index */ ${elsewhere(index)}`);
    if (comment !== null) {
      await client.query(`/* warehouse.copy_comment */ comment on table ${copy} is ${literal(comment)}`);
    }
  }
}

/** Drops the live table and replaces it with the rebuilt one. */
export async function swapTable(client: PoolClient, table: string): Promise<void> {
  const live = identifier('warehouse', table);
  // Both tables use the same sequence, which would be dropped together with the live table that owns it.
  const { rows: sequences } = await client.query<{ sequence: string; column: string }>(
    `/* warehouse.owned_sequences */
     select d.objid::regclass::text as sequence, a.attname::text as column
     from pg_depend d join pg_class s on s.oid = d.objid and s.relkind = 'S'
     join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
     where d.refobjid = to_regclass($1) and d.deptype = 'a'`,
    [live],
  );
  for (const { sequence } of sequences) {
    await client.query(`/* warehouse.free_sequence */ alter sequence ${sequence} owned by none`);
  }
  await client.query(`/* warehouse.drop_live */ drop table ${live}`);
  for (const { name } of await readRelations(client, rebuildSchema, table)) {
    await client.query(
      `/* warehouse.swap_in */ alter table ${identifier(rebuildSchema, name)} set schema warehouse`,
    );
  }
  for (const { sequence, column } of sequences) {
    await client.query(
      `/* warehouse.own_sequence */ alter sequence ${sequence} owned by ${live}.${identifier(column)}`,
    );
  }
}

/** Drops all tables of the rebuild. */
export async function dropRebuild(client: PoolClient): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `/* warehouse.rebuilt_tables */
     select c.relname::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = $1 and c.relkind in ('r', 'p') and not c.relispartition`,
    [rebuildSchema],
  );
  for (const { name } of rows) {
    await client.query(`/* warehouse.drop_rebuilt */ drop table ${identifier(rebuildSchema, name)}`);
  }
}
