import { pipeline } from 'node:stream/promises';
import type { Pool, PoolClient } from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { identifier } from '../../database/identifier.js';
import { inTransaction } from '../../database/transaction.js';
import { EntryExpander, type MalformedColumn } from '../literal/expand.js';
import { nestedColumns } from '../mapping/mapping.js';
import type { Mapping, NestedPlan } from '../mapping/table-plan.js';
import { entryColumn } from './entry-column.js';
import { mappingOfFile } from './file-mapping.js';
import { readSourceFiles, type SourceFile } from './source-file.js';

/** What expanding a file's nested columns gave. */
export interface ExpandCounts {
  /** Entries per nested column. */
  readonly entries: Readonly<Record<string, number>>;
  /** Literals that could not be read; each is an issue. */
  readonly malformed: number;
}

/** The staging table of one nested column of one file: `record_number, ordinal` and the wanted fields as text. */
export function stagingName(fileId: number, column: string): string {
  return `entries_${fileId}_${column}`;
}

/**
 * Reads the nested columns of a file into staging tables, once for all warehouse tables that take entries of them.
 * Literals that cannot be read become issues with their position. Doing it again replaces what was there.
 *
 * Holds two connections of the pool: one gives the records, the other takes the entries.
 */
export async function expandFile(
  pool: Pool,
  { mapping, fileId }: { mapping: Mapping; fileId: number },
): Promise<ExpandCounts> {
  const [file] = await readSourceFiles(pool, [fileId]);
  return inTransaction(pool, async (client) => {
    await lockFile(client, fileId);
    const entries: Record<string, number> = {};
    let malformed = 0;
    const own = await mappingOfFile(client, mapping, file!);
    for (const nested of nestedColumns(own, file!.sourceTable)) {
      const relation = identifier('warehouse', stagingName(fileId, nested.column));
      await client.query(`/* warehouse.drop_entries */ drop table if exists ${relation}`);
      const expanded = await expandColumn(pool, client, { file: file!, nested, relation, kind: 'unlogged' });
      entries[nested.column] = expanded.entries;
      malformed += expanded.malformed.length;
      await writeMalformed(client, file!, nested, expanded.malformed);
    }
    return { entries, malformed };
  });
}

/** Drops the staging tables of files whose table jobs are done. */
export async function dropEntries(pool: Pool, fileIds: readonly number[]): Promise<void> {
  for (const fileId of fileIds) {
    await inTransaction(pool, async (client) => {
      await lockFile(client, fileId);
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
 * Drops the staging tables of runs that ended in the middle of cleaning, unless a run is under way. One that goes on all the
 * same reads the columns once more.
 * @returns the names of what was dropped
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
  /** Whether literals that cannot be read become issues: once, when the file itself is cleaned. */
  readonly report: boolean;
}

/**
 * Gives a relation with the entries of a file's nested column: the staging table when it is there whole, else a
 * temporary one made for this transaction. The staging is unlogged and comes back empty when Postgres crashed; the
 * mark that closes it (record 0) is then missing.
 */
export async function findEntries(
  pool: Pool,
  client: PoolClient,
  { file, nested, report }: EntriesWanted,
): Promise<string> {
  const name = stagingName(file.id, nested.column);
  const relation = identifier('warehouse', name);
  const { rows } = await client.query<{ columns: string[] }>(
    `/* warehouse.staging_columns */
     select array_agg(attname::text) as columns from pg_attribute
     where attrelid = to_regclass($1) and attnum > 0 and not attisdropped having count(*) > 0`,
    [relation],
  );
  const wanted = ['record_number', 'ordinal', ...nested.fields.map(entryColumn)];
  // One that was made under another version of the mapping was read for other fields.
  if (rows.length > 0 && rows[0]!.columns.sort().join() === wanted.sort().join()) {
    const mark = await client.query(
      `/* warehouse.staging_mark */ select from ${relation} where record_number = 0`,
    );
    if (mark.rowCount === 1) return relation;
  }
  const temporary = identifier('pg_temp', name);
  const known = await client.query('select to_regclass($1) is not null as known', [temporary]);
  if (!known.rows[0].known) {
    const expanded = await expandColumn(pool, client, {
      file,
      nested,
      relation: temporary,
      kind: 'temporary',
    });
    if (report) {
      await lockFile(client, file.id);
      await writeMalformed(client, file, nested, expanded.malformed);
    }
  }
  return temporary;
}

async function lockFile(client: PoolClient, fileId: number): Promise<void> {
  await client.query(
    "/* warehouse.lock_file */ select pg_advisory_xact_lock(hashtextextended('marquee.entries.' || $1, 0))",
    [fileId],
  );
}

async function expandColumn(
  pool: Pool,
  client: PoolClient,
  {
    file,
    nested,
    relation,
    kind,
  }: {
    file: SourceFile;
    nested: NestedPlan;
    relation: string;
    kind: 'unlogged' | 'temporary';
  },
): Promise<{ entries: number; malformed: MalformedColumn[] }> {
  const fields = nested.fields.map((field) => `${identifier(entryColumn(field))} text`).join(', ');
  await client.query(
    `/* warehouse.create_entries */
     create ${kind} table ${relation} (record_number integer not null, ordinal integer not null, ${fields})
     ${kind === 'temporary' ? 'on commit drop' : 'with (autovacuum_enabled = false)'}`,
  );
  const malformed: MalformedColumn[] = [];
  const output = client.query(copyFrom(`/* warehouse.copy_entries */ copy ${relation} from stdin`));
  const expander = new EntryExpander({
    columns: [{ name: nested.column, fields: nested.fields, output }],
    onMalformed: (one) => {
      malformed.push(one);
    },
  });
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
  const entries = expander.counts[0]!.entries;
  await client.query(
    `/* warehouse.mark_entries */ insert into ${relation} (record_number, ordinal) values (0, 0)`,
  );
  // Without figures the planner takes a staging table for a small one; how many rows there are is nearly all it needs.
  await client.query(
    `/* warehouse.analyze_entries */
     set local default_statistics_target = 10; analyze ${relation}; set local default_statistics_target to default`,
  );
  return { entries, malformed };
}

async function writeMalformed(
  client: PoolClient,
  file: SourceFile,
  nested: NestedPlan,
  malformed: readonly MalformedColumn[],
): Promise<void> {
  await client.query(
    `/* warehouse.forget_malformed */
     delete from support.issue
     where file_id = $1 and table_name = $2 and column_name = $3 and reason = 'malformed_literal'`,
    [file.id, file.sourceTable, nested.column],
  );
  if (malformed.length === 0) return;
  await client.query(
    `/* warehouse.insert_malformed */
     insert into support.issue (file_id, record_number, table_name, column_name, value, reason, detail)
     select $1, listed.record_number, $2, $3,
            ${nested.personal ? 'null' : `substr(${nested.expression}, greatest(1, listed.position - 39), 80)`},
            'malformed_literal',
            'At character ' || listed.position || ' of the literal: ' || listed.message
     from unnest($4::integer[], $5::integer[], $6::text[]) as listed (record_number, position, message)
     join source.${identifier(file.sourceTable)} s on s.file_id = $1 and s.record_number = listed.record_number
     order by listed.record_number`,
    [
      file.id,
      file.sourceTable,
      nested.column,
      malformed.map((one) => one.recordNumber),
      malformed.map((one) => one.position),
      malformed.map((one) => one.message),
    ],
  );
}
