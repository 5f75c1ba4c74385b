import { LRUCache } from 'lru-cache';
import { Pool } from 'pg';
import { recordAudit } from '../../database/audit-ledger.js';
import { ledger } from '../../database/prisma-client.js';
import type { Queryable } from '../../database/queryable.js';
import { inTransaction } from '../../database/transaction.js';
import { Fault } from '../../fault.js';
import { readCatalog } from '../tables/catalog.js';
import { personalDataTransform } from './field-types.js';
import { compileMapping } from './mapping.js';
import { columnOf, followKeys, type MappingRow, mappingHash } from './mapping-row.js';
import type { Mapping } from './table-plan.js';

/** Who changed the mapping, and why. */
export interface MappingChange {
  readonly author: string;
  readonly note: string;
}

/** A version of the mapping, as lists show it. */
export interface MappingVersionSummary {
  readonly version: number;
  readonly createdDate: Date;
  readonly author: string;
  readonly note: string;
  /** Number of rows. */
  readonly rows: number;
}

/** The columns of a mapping row, without its version and position. */
const mappingRow = {
  end_schema: true,
  end_table: true,
  end_field: true,
  end_data_type: true,
  table_type: true,
  source_schema: true,
  source_table: true,
  source_field: true,
  source_data_type: true,
  is_key: true,
  transform: true,
  retire_missing: true,
  min: true,
  max: true,
  allowed: true,
  description: true,
} as const satisfies Record<keyof MappingRow, true>;

const rowsInOrder = { select: mappingRow, orderBy: { position: 'asc' } } as const;

/**
 * The newest mapping; null in a new database.
 * @throws Fault `mapping_invalid` when the tables no longer fit it
 */
export async function currentMapping(db: Queryable): Promise<Mapping | null> {
  const { mappingVersion } = await ledger(db);
  const newest = await mappingVersion.findFirst({
    select: { number: true, rows: rowsInOrder },
    orderBy: { number: 'desc' },
  });
  return newest === null ? null : compileMapping(newest.rows, await readCatalog(db), newest.number);
}

/**
 * The mapping as it was in one version.
 * @throws Fault `mapping_unknown`, `mapping_invalid`
 */
export async function mappingOfVersion(db: Queryable, version: number): Promise<Mapping> {
  const rows = await readMappingRows(db, version);
  if (rows.length === 0) {
    throw new Fault(
      'mapping_unknown',
      `Mapping version ${version} does not exist; \`marquee status\` shows the newest.`,
    );
  }
  return compileMapping(rows, await readCatalog(db), version);
}

/** Rows of committed versions, by pool. They never change, so the steps of a run read them once. */
const rowsRead = new WeakMap<Pool, LRUCache<number, MappingRow[]>>();

/** The rows of one version, in order. */
export async function readMappingRows(db: Queryable, version: number): Promise<MappingRow[]> {
  const read = db instanceof Pool ? rowsOf(db) : undefined;
  const known = read?.get(version);
  if (known !== undefined) return known;
  const { dataMapping } = await ledger(db);
  const rows = await dataMapping.findMany({ ...rowsInOrder, where: { mapping_version: version } });
  // A version that does not exist yet may exist later.
  if (rows.length > 0) read?.set(version, rows);
  return rows;
}

function rowsOf(pool: Pool): LRUCache<number, MappingRow[]> {
  const rows = rowsRead.get(pool) ?? new LRUCache<number, MappingRow[]>({ max: 20 });
  rowsRead.set(pool, rows);
  return rows;
}

/** The versions before this one that read a source table, the newest first: each with all its rows, in order. */
export async function readMappingsBefore(
  db: Queryable,
  version: number,
  sourceTable: string,
): Promise<MappingRow[][]> {
  const { mappingVersion } = await ledger(db);
  const versions = await mappingVersion.findMany({
    select: { rows: rowsInOrder },
    where: { number: { lt: version }, rows: { some: { source_table: sourceTable } } },
    orderBy: { number: 'desc' },
  });
  return versions.map(({ rows }) => rows);
}

/** The rows of all versions that hash personal data, whether or not the tables still fit them. */
export async function readPersonalRows(db: Queryable): Promise<MappingRow[]> {
  const { dataMapping } = await ledger(db);
  return dataMapping.findMany({
    select: mappingRow,
    where: { transform: personalDataTransform },
    distinct: ['source_table', 'source_field'],
  });
}

/**
 * Makes the rows the current mapping, as a new version. Changes nothing when they are the current mapping already.
 * @throws Fault `mapping_invalid` that lists every complaint
 */
export async function installMapping(
  pool: Pool,
  rows: readonly MappingRow[],
  { author, note }: MappingChange,
): Promise<{ version: number; installed: boolean }> {
  return inTransaction(pool, async (client) => {
    // Two imports at the same time would both use the same number.
    await client.query(
      "/* warehouse.lock_mapping */ select pg_advisory_xact_lock(hashtextextended('marquee.mapping', 0))",
    );
    const { mappingVersion } = await ledger(client);
    const newest = await mappingVersion.findFirst({
      select: { number: true, content_hash: true, rows: rowsInOrder },
      orderBy: { number: 'desc' },
    });
    const hash = mappingHash(rows);
    if (newest?.content_hash === hash) return { version: newest.number, installed: false };
    compileMapping(rows, await readCatalog(client), null, newest?.rows ?? []);
    const version = (newest?.number ?? 0) + 1;
    await mappingVersion.create({
      data: {
        number: version,
        author,
        note,
        content_hash: hash,
        rows: { createMany: { data: rows.map((row, index) => ({ ...row, position: index + 1 })) } },
      },
    });
    await recordAudit(client, {
      actor: author,
      action: 'importMapping',
      arguments: { version, note, contentHash: hash },
      outcome: 'done',
    });
    return { version, installed: true };
  });
}

/** All versions of the mapping, newest first. */
export async function listMappingVersions(db: Queryable): Promise<MappingVersionSummary[]> {
  const { mappingVersion } = await ledger(db);
  const found = await mappingVersion.findMany({
    select: {
      number: true,
      created_date: true,
      author: true,
      note: true,
      _count: { select: { rows: true } },
    },
    orderBy: { number: 'desc' },
  });
  return found.map(({ number, created_date, author, note, _count }) => ({
    version: number,
    createdDate: created_date,
    author,
    note,
    rows: _count.rows,
  }));
}

/** The columns of a source table that the current mapping reads; undefined when it reads none of them. */
export async function columnsRead(db: Queryable, sourceTable: string): Promise<string[] | undefined> {
  const mapping = await currentMapping(db);
  const rows = followKeys(mapping?.rows ?? []).filter((row) => row.source_table === sourceTable);
  return rows.length === 0 ? undefined : [...new Set(rows.map(columnOf))];
}
