import { pipeline } from 'node:stream/promises';
import type { Pool, PoolClient } from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { identifier } from '../../database/identifier.js';
import { inTransaction } from '../../database/transaction.js';
import { EntryExpander, type MalformedColumn } from '../literal/expand.js';
import { nestedColumns } from '../mapping/mapping.js';
import type { Mapping, NestedPlan } from '../mapping/table-plan.js';
import { entryColumn } from './entry-column.js';
import { findUnusableEntries } from './entry-values.js';
import { mappingOfFile } from './file-mapping.js';
import {
  findTooManyUnreadable,
  holdOrAccept,
  type LiteralLimit,
  writeMalformed,
} from './malformed-literals.js';
import { readSourceFiles, type SourceFile } from './source-file.js';
import type { UnusableColumn } from './value-limit.js';

/** What expanding the nested columns of a file gave. */
export interface ExpandCounts {
  /** Entries per nested column. */
  readonly entries: Readonly<Record<string, number>>;
  /** Number of literals that could not be read; each is an issue. */
  readonly issues: number;
}

/** The name of the staging table of one nested column of one file: `record_number, ordinal` and the wanted fields as text. */
export function stagingName(fileId: number, column: string): string {
  return `entries_${fileId}_${column}`;
}

/**
 * Reads the nested columns of a file into staging tables, once for all warehouse tables that read their entries. Literals that
 * cannot be read become issues with their position. A second call replaces the staging tables.
 *
 * Uses two connections of the pool: one reads the records, the other writes the entries.
 * @throws Fault `load_held`, with nothing staged, when more literals or values of entries cannot be used than `limit` allows and nobody accepts it
 */
export async function expandFile(
  pool: Pool,
  { mapping, fileId, limit }: { mapping: Mapping; fileId: number; limit?: LiteralLimit },
): Promise<ExpandCounts> {
  const [file] = await readSourceFiles(pool, [fileId]);
  return inTransaction(pool, async (client) => {
    await lockEntries(client, fileId);
    const entries: Record<string, number> = {};
    let issues = 0;
    const tooMany: UnusableColumn[] = [];
    const own = await mappingOfFile(client, mapping, file!);
    for (const nested of nestedColumns(own, file!.sourceTable)) {
      const relation = identifier('warehouse', stagingName(fileId, nested.column));
      await client.query(`/* warehouse.drop_entries */ drop table if exists ${relation}`);
      const expanded = await expandColumn(pool, client, { file: file!, nested, relation, kind: 'unlogged' });
      entries[nested.column] = expanded.entries;
      issues += expanded.malformed.length;
      await writeMalformed(client, file!, nested, expanded.malformed);
      if (limit === undefined) continue;
      const column = { own, file: file!, nested };
      const found = await findTooManyUnreadable(client, column, expanded.malformed, limit);
      if (found !== null) tooMany.push(found);
      tooMany.push(...(await findUnusableEntries(client, column, relation, limit.share)));
    }
    if (limit !== undefined) await holdOrAccept(client, { mapping, file: file!, limit }, tooMany);
    return { entries, issues };
  });
}

/** Drops the staging tables of files that are cleaned into all their tables. */
export async function dropEntries(pool: Pool, fileIds: readonly number[]): Promise<void> {
  for (const fileId of fileIds) {
    await inTransaction(pool, async (client) => {
      await lockEntries(client, fileId);
      const { rows } = await client.query<{ name: string }>(
        `/* warehouse.find_entries */
         select c.relname::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where n.nspname = 'warehouse' and c.relkind = 'r' and c.relname like $1`,
        [`entries\\_${fileId}\\_%`],
      );
      for (const { name } of rows) {
        await client.query(
          `/* warehouse.drop_entries */ drop table if exists ${identifier('warehouse', name)}`,
        );
      }
    });
  }
}

/**
 * Drops the staging tables that runs left behind when they ended during cleaning. Does nothing while a run is queued or
 * running. A run that is resumed later reads the columns again.
 * @returns the names of the tables that were dropped
 */
export async function sweepEntries(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ name: string; fileId: number }>(
    `/* warehouse.left_entries */
     select c.relname::text as name, substring(c.relname from '^entries_([0-9]+)_')::int as "fileId"
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'warehouse' and c.relkind = 'r' and c.relname ~ '^entries_[0-9]+_'
       and not exists (select from support.run where state in ('queued', 'running'))
     order by name`,
  );
  await dropEntries(pool, [...new Set(rows.map(({ fileId }) => fileId))]);
  return rows.map(({ name }) => name);
}

interface EntriesWanted {
  readonly file: SourceFile;
  readonly nested: NestedPlan;
  /** Whether literals that cannot be read become issues; see `openSource`. */
  readonly report: boolean;
}

/**
 * Returns a relation with the entries of a nested column of a file: the staging table when it exists and is complete,
 * otherwise a temporary table for this transaction. Staging tables are unlogged and empty after a crash of Postgres; the row
 * that marks a complete one (record 0) is then missing.
 */
export async function findEntries(
  pool: Pool,
  client: PoolClient,
  { file, nested, report }: EntriesWanted,
): Promise<string> {
  const name = stagingName(file.id, nested.column);
  const staging = identifier('warehouse', name);
  if (await isComplete(client, staging, nested)) return staging;
  const temporary = identifier('pg_temp', name);
  if (await exists(client, temporary)) return temporary;
  const expanded = await expandColumn(pool, client, { file, nested, relation: temporary, kind: 'temporary' });
  if (report) {
    await lockEntries(client, file.id);
    await writeMalformed(client, file, nested, expanded.malformed);
  }
  return temporary;
}

/** Whether a staging table has all entries, with the fields that this version of the mapping reads. */
async function isComplete(client: PoolClient, staging: string, nested: NestedPlan): Promise<boolean> {
  const { rows } = await client.query<{ columns: string[] }>(
    `/* warehouse.staging_columns */
     select array_agg(attname::text) as columns from pg_attribute
     where attrelid = to_regclass($1) and attnum > 0 and not attisdropped having count(*) > 0`,
    [staging],
  );
  const wanted = ['record_number', 'ordinal', ...nested.fields.map(entryColumn)];
  if (rows[0]?.columns.sort().join() !== wanted.sort().join()) return false;
  const mark = await client.query(
    `/* warehouse.staging_mark */ select from ${staging} where record_number = 0`,
  );
  return mark.rowCount === 1;
}

async function exists(client: PoolClient, relation: string): Promise<boolean> {
  const { rows } = await client.query<{ exists: boolean }>(
    '/* warehouse.relation_exists */ select to_regclass($1) is not null as exists',
    [relation],
  );
  return rows[0]!.exists;
}

/** Waits until no other transaction writes the staging tables or the malformed literals of a file. */
async function lockEntries(client: PoolClient, fileId: number): Promise<void> {
  await client.query(
    "/* warehouse.lock_entries */ select pg_advisory_xact_lock(hashtextextended('marquee.entries.' || $1, 0))",
    [fileId],
  );
}

/** A relation to be filled with the entries of a nested column. */
interface EntriesTarget {
  readonly file: SourceFile;
  readonly nested: NestedPlan;
  readonly relation: string;
  readonly kind: 'unlogged' | 'temporary';
}

async function expandColumn(
  pool: Pool,
  client: PoolClient,
  target: EntriesTarget,
): Promise<{ entries: number; malformed: MalformedColumn[] }> {
  const { nested, relation } = target;
  await createEntries(client, target);
  const malformed: MalformedColumn[] = [];
  const output = client.query(copyFrom(`/* warehouse.copy_entries */ copy ${relation} from stdin`));
  const expander = new EntryExpander({
    columns: [{ name: nested.column, fields: nested.fields, output }],
    onMalformed: (one) => {
      malformed.push(one);
    },
  });
  await readNested(pool, target, expander);
  const entries = expander.counts[0]!.entries;
  await client.query(
    `/* warehouse.mark_entries */ insert into ${relation} (record_number, ordinal) values (0, 0)`,
  );
  // Without statistics the planner assumes a small table. The number of rows is almost all it needs.
  await client.query(
    `/* warehouse.analyze_entries */
     set local default_statistics_target = 10; analyze ${relation}; set local default_statistics_target to default`,
  );
  return { entries, malformed };
}

async function createEntries(client: PoolClient, { nested, relation, kind }: EntriesTarget): Promise<void> {
  const fields = nested.fields.map((field) => `${identifier(entryColumn(field))} text`).join(', ');
  await client.query(
    `/* warehouse.create_entries */
     create ${kind} table ${relation} (record_number integer not null, ordinal integer not null, ${fields})
     ${kind === 'temporary' ? 'on commit drop' : 'with (autovacuum_enabled = false)'}`,
  );
}

/** Sends the nested column of a file to the expander, over a separate connection. */
async function readNested(
  pool: Pool,
  { file, nested }: EntriesTarget,
  expander: EntryExpander,
): Promise<void> {
  const reader = await pool.connect();
  let broken: Error | undefined;
  try {
    const input = reader.query(
      copyTo(`/* warehouse.read_nested */
        copy (select s.record_number, ${nested.expression} from source.${identifier(file.sourceTable)} s
              where s.file_id = ${file.id} and ${nested.expression} not in ('', '[]', '{}')) to stdout`),
    );
    await pipeline(input, expander);
  } catch (error) {
    broken = error as Error;
    throw error;
  } finally {
    reader.release(broken);
  }
}
