import type { Pool } from 'pg';
import type { Queryable } from '../../database/queryable.js';
import { inTransaction } from '../../database/transaction.js';
import { Fault } from '../../fault.js';
import { readCatalog } from '../tables/catalog.js';
import { compileMapping } from './mapping.js';
import { columnOf, followKeys, type MappingRow, mappingColumns, mappingHash } from './mapping-row.js';
import type { Mapping } from './table-plan.js';

/** Who changed the mapping, and why. */
export interface MappingChange {
  readonly author: string;
  readonly note: string;
}

/** The newest mapping; null in a new database. @throws Fault `mapping_invalid` when the tables no longer fit it. */
export async function currentMapping(db: Queryable): Promise<Mapping | null> {
  const { rows } = await db.query<{ number: number | null }>(
    '/* warehouse.current_mapping */ select max(number) as number from support.mapping_version',
  );
  const number = rows[0]!.number;
  return number === null ? null : mappingOfVersion(db, number);
}

/** The mapping as it stood in one version. @throws Fault `mapping_unknown`, `mapping_invalid`. */
export async function mappingOfVersion(db: Queryable, version: number): Promise<Mapping> {
  const rows = await readMappingRows(db, version);
  if (rows.length === 0) {
    throw new Fault(
      'mapping_unknown',
      `There is no mapping version ${version}; \`marquee status\` names the newest.`,
    );
  }
  return compileMapping(rows, await readCatalog(db), version);
}

/** The rows of one version, in their order. */
export async function readMappingRows(db: Queryable, version: number): Promise<MappingRow[]> {
  const { rows } = await db.query<MappingRow>(
    `/* warehouse.read_mapping */
     select ${mappingColumns.join(', ')} from support.data_mapping where mapping_version = $1 order by position`,
    [version],
  );
  return rows;
}

/** The rows of all versions, each once, whether or not the tables still fit them. */
export async function everyMappingRow(db: Queryable): Promise<MappingRow[]> {
  const { rows } = await db.query<MappingRow>(
    `/* warehouse.read_mappings */ select distinct ${mappingColumns.join(', ')} from support.data_mapping`,
  );
  return rows;
}

/**
 * Makes the rows the current mapping, as a new version; changes nothing when they are what is current.
 * @throws Fault `mapping_invalid` that lists every complaint.
 */
export async function installMapping(
  pool: Pool,
  rows: readonly MappingRow[],
  { author, note }: MappingChange,
): Promise<{ version: number; installed: boolean }> {
  return inTransaction(pool, async (client) => {
    // Two imports at once would both take the same number.
    await client.query(
      "/* warehouse.lock_mapping */ select pg_advisory_xact_lock(hashtextextended('marquee.mapping', 0))",
    );
    const { rows: found } = await client.query<{ number: number; content_hash: string }>(
      '/* warehouse.newest_mapping */ select number, content_hash from support.mapping_version order by number desc limit 1',
    );
    const newest = found[0];
    const hash = mappingHash(rows);
    if (newest?.content_hash === hash) return { version: newest.number, installed: false };
    const current = newest ? await readMappingRows(client, newest.number) : [];
    compileMapping(rows, await readCatalog(client), null, current);
    const version = (newest?.number ?? 0) + 1;
    await client.query(
      `/* warehouse.insert_mapping_version */
       insert into support.mapping_version (number, author, note, content_hash) values ($1, $2, $3, $4)`,
      [version, author, note, hash],
    );
    await client.query(
      `/* warehouse.insert_mapping */
       insert into support.data_mapping (mapping_version, position, ${mappingColumns.join(', ')})
       select $1, listed.position, ${mappingColumns.map((column) => `entry.${column}`).join(', ')}
       from jsonb_array_elements($2::jsonb) with ordinality as listed (value, position)
       cross join jsonb_populate_record(null::support.data_mapping, listed.value) as entry`,
      [version, JSON.stringify(rows)],
    );
    return { version, installed: true };
  });
}

/** The columns of a source table that the current mapping reads; undefined while there is none that reads any. */
export async function columnsRead(db: Queryable, sourceTable: string): Promise<string[] | undefined> {
  const mapping = await currentMapping(db);
  const rows = followKeys(mapping?.rows ?? []).filter((row) => row.source_table === sourceTable);
  return rows.length === 0 ? undefined : [...new Set(rows.map(columnOf))];
}
