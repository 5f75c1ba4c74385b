import type { Queryable } from '../../database/queryable.js';
import { isNotFresh } from './work-table-names.js';

/** A column of a warehouse table. */
export interface TargetColumn {
  /** As Postgres's `format_type` calls it. */
  readonly type: string;
  readonly required: boolean;
  readonly indexed: boolean;
  readonly description: string;
}

/** A warehouse table: what a mapping may fill, and what the engine keeps itself. */
export interface TargetTable {
  readonly name: string;
  /** The columns a mapping may fill. */
  readonly columns: ReadonlyMap<string, TargetColumn>;
  /** The columns by which it has at most one live row; null where nothing holds it so. */
  readonly liveKey: readonly string[] | null;
  /** Whether it tells rows of a standard from the vendor's (column `standard`). */
  readonly marksStandard: boolean;
  readonly partitioned: boolean;
}

/** What the database has for a mapping to work with. */
export interface Catalog {
  readonly targets: ReadonlyMap<string, TargetTable>;
  /** Columns of each source table. */
  readonly sources: ReadonlyMap<string, ReadonlySet<string>>;
  /** Columns seen in files of the table's feed, kept in `extra` where the table has none for them. */
  readonly headers: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Columns of a warehouse table that the engine fills; no mapping may. */
export const housekeeping: ReadonlySet<string> = new Set([
  'file_id',
  'record_number',
  'valid_from',
  'valid_to',
  'created_date',
  'deleted_date',
  'deleted',
  'standard',
]);

const sourceHousekeeping = new Set(['extra', 'file_id', 'record_number', 'created_date']);

/**
 * The condition that `pg_class` under this alias is a table to stay: staged entries are unlogged, and a table on its way
 * to take another's place carries a mark.
 */
export const isLasting = (alias: string) =>
  `(${alias}.relpersistence = 'p' and ${isNotFresh(`${alias}.relname`)})`;

/**
 * Reads which tables and columns there are to map from and to.
 *
 * By the catalog's rows alone: what prints a default or a definition (`pg_get_expr`) waits for the table, and so for
 * whoever is filling it, which with 26 million ratings kept every other table's job from starting for a minute and a half.
 */
export async function readCatalog(db: Queryable): Promise<Catalog> {
  const { rows } = await db.query<{
    schema: string;
    table: string;
    partitioned: boolean;
    column: string;
    type: string;
    required: boolean;
    indexed: boolean;
    generated: boolean;
    description: string;
  }>(`/* warehouse.read_catalog */
    select n.nspname::text as schema, c.relname::text as table, c.relkind = 'p' as partitioned,
           a.attname::text as column, replace(format_type(a.atttypid, a.atttypmod), 'timestamp(6)', 'timestamp') as type, a.attnotnull as required,
           exists (select from pg_index i where i.indrelid = c.oid and a.attnum = any(i.indkey)) as indexed,
           a.attidentity <> '' or exists (
             select from pg_depend join pg_class of_default on of_default.oid = refobjid and of_default.relkind = 'S'
             where classid = 'pg_attrdef'::regclass and objid = d.oid and refclassid = 'pg_class'::regclass
           ) as generated,
           coalesce(col_description(c.oid, a.attnum), '') as description
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.relkind in ('r', 'p') and not c.relispartition
      and (n.nspname = 'warehouse' or n.nspname = 'source' and c.relkind = 'p' and c.relname like 'src\\_%')
      and ${isLasting('c')}
    order by 1, 2, a.attnum`);
  const liveKeys = await readLiveKeys(db);
  const targets = new Map<
    string,
    TargetTable & { columns: Map<string, TargetColumn>; marksStandard: boolean }
  >();
  const sources = new Map<string, Set<string>>();
  for (const row of rows) {
    if (row.schema === 'source') {
      const columns = sources.get(row.table) ?? new Set();
      sources.set(row.table, columns);
      if (!sourceHousekeeping.has(row.column)) columns.add(row.column);
      continue;
    }
    let target = targets.get(row.table);
    if (!target) {
      const liveKey = liveKeys.get(row.table) ?? null;
      const { table: name, partitioned } = row;
      target = { name, columns: new Map(), liveKey, marksStandard: false, partitioned };
      targets.set(row.table, target);
    }
    if (row.column === 'standard') target = Object.assign(target, { marksStandard: true });
    if (housekeeping.has(row.column) || row.generated) continue;
    const { type, required, indexed, description } = row;
    target.columns.set(row.column, { type, required, indexed, description });
  }
  return { targets, sources, headers: await readHeaders(db) };
}

/** Of a partitioned table the unique indexes are those of its partitions. */
async function readLiveKeys(db: Queryable): Promise<Map<string, string[]>> {
  const { rows } = await db.query<{ table: string; columns: string[] }>(`/* warehouse.read_live_keys */
    select root.relname::text as table, array_agg(a.attname::text order by a.attnum) as columns
    from pg_index i
    join pg_class root on root.oid = coalesce(pg_partition_root(i.indrelid), i.indrelid)
    join pg_namespace n on n.oid = root.relnamespace
    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey)
    where n.nspname = 'warehouse' and i.indisunique and not i.indisprimary
    group by i.indexrelid, root.relname`);
  return new Map(rows.map((row) => [row.table, row.columns]));
}

async function readHeaders(db: Queryable): Promise<Map<string, Set<string>>> {
  const { rows } = await db.query<{ table: string; columns: string[] }>(`/* warehouse.read_headers */
    select 'src_' || feed as table, array_agg(distinct listed.column_name) as columns
    from source.file cross join unnest(header) as listed (column_name) group by 1`);
  return new Map(rows.map((row) => [row.table, new Set(row.columns)]));
}
