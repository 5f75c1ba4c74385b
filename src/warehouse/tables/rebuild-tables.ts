import type { PoolClient } from 'pg';
import { identifier, literal } from '../../database/identifier.js';

/** The schema in which the warehouse is built anew, beside the one in use. */
export const rebuildSchema = 'rebuild';

interface Relation {
  readonly name: string;
  /** `partition by …`, where it is partitioned. */
  readonly partitioning: string | null;
  /** `for values …`, where it is a partition. */
  readonly bound: string | null;
  /** The table it is a partition of. */
  readonly parent: string | null;
  readonly comment: string | null;
  readonly constraints: readonly { readonly name: string; readonly definition: string }[];
  readonly indexes: readonly string[];
}

/** A table with its partitions, in the order in which they can be made. */
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

/** Makes an empty table of the same shape, with the same names of indexes and constraints, in the schema of the rebuild. */
export async function copyShape(client: PoolClient, table: string): Promise<void> {
  const relations = await readRelations(client, 'warehouse', table);
  const elsewhere = (definition: string) =>
    definition.replace(/ ON (ONLY )?warehouse\./, ` ON ${rebuildSchema}.`);
  for (const { name, partitioning, bound, parent } of relations) {
    const made = identifier(rebuildSchema, name);
    const split = partitioning === null ? '' : `partition by ${partitioning}`;
    await client.query(
      bound === null
        ? `/* warehouse.copy_shape */
           create table ${made} (like ${identifier('warehouse', name)} including defaults including storage including comments)
           ${split}`
        : `/* warehouse.copy_partition */
           create table ${made} partition of ${identifier(rebuildSchema, parent!)} ${bound} ${split}`,
    );
  }
  // Partitions first: an index of the whole table takes over those that its partitions have already.
  for (const { name, comment, constraints, indexes } of relations.toReversed()) {
    const made = identifier(rebuildSchema, name);
    for (const constraint of constraints) {
      await client.query(
        `/* warehouse.copy_constraint */ alter table ${made} add constraint ${identifier(constraint.name)} ${constraint.definition}`,
      );
    }
    for (const index of indexes) await client.query(`/* warehouse.copy_index */ ${elsewhere(index)}`);
    if (comment !== null) {
      await client.query(`/* warehouse.copy_comment */ comment on table ${made} is ${literal(comment)}`);
    }
  }
}

/** Puts the rebuilt table in the place of the one in use, which is dropped. */
export async function swapTable(client: PoolClient, table: string): Promise<void> {
  const used = identifier('warehouse', table);
  // Both number their rows from one sequence, which goes with its owner.
  const { rows: sequences } = await client.query<{ sequence: string; column: string }>(
    `/* warehouse.owned_sequences */
     select d.objid::regclass::text as sequence, a.attname::text as column
     from pg_depend d join pg_class s on s.oid = d.objid and s.relkind = 'S'
     join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
     where d.refobjid = to_regclass($1) and d.deptype = 'a'`,
    [used],
  );
  for (const { sequence } of sequences) {
    await client.query(`/* warehouse.free_sequence */ alter sequence ${sequence} owned by none`);
  }
  await client.query(`/* warehouse.drop_used */ drop table ${used}`);
  for (const { name } of await readRelations(client, rebuildSchema, table)) {
    await client.query(
      `/* warehouse.swap_in */ alter table ${identifier(rebuildSchema, name)} set schema warehouse`,
    );
  }
  for (const { sequence, column } of sequences) {
    await client.query(
      `/* warehouse.own_sequence */ alter sequence ${sequence} owned by ${used}.${identifier(column)}`,
    );
  }
}

/** Drops whatever a rebuild left. */
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
