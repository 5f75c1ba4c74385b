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

/** A warehouse table as a mapping sees it. */
export interface TargetTable {
  readonly name: string;
  /** The columns a mapping may fill. */
  readonly columns: ReadonlyMap<string, TargetColumn>;
  /** The columns that have at most one live row each; null when no unique index ensures this. */
  readonly liveKey: readonly string[] | null;
  /** Whether it separates the rows of a standard from the vendor's, by a column `standard`. */
  readonly marksStandard: boolean;
  readonly partitioned: boolean;
}

/** The tables and columns that a mapping can use. */
export interface Catalog {
  readonly targets: ReadonlyMap<string, TargetTable>;
  /** Columns of each source table. */
  readonly sources: ReadonlyMap<string, ReadonlySet<string>>;
  /** Columns that files of the table's feed had; values without a column in the table are kept in `extra`. */
  readonly headers: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Columns of a warehouse table that only the engine may fill. */
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
 * The condition that a row of `pg_class` under this alias is a permanent table. Staging tables are unlogged, and a table that will
 * replace another has a mark in its name.
 */
export const isLasting = (alias: string) =>
  `(${alias}.relpersistence = 'p' and ${isNotFresh(`${alias}.relname`)})`;

/**
 * Reads which tables and columns a mapping can use.
 *
 * It uses only rows of the system catalog. Functions that print a default or a definition (`pg_get_expr`) wait for a lock on
 * the table: while 26 million ratings were being filled, they delayed the jobs of all other tables by a minute and a half.
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

/** Reads the columns of unique indexes; a partitioned table has them on its partitions. */
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
