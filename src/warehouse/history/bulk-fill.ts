import type { PoolClient } from 'pg';
import { identifier, literal } from '../../database/identifier.js';
import type { Cleaning } from '../extract/cleaning.js';
import { bareExtraction, type ExtractionSource, oneRowPerKey, recordColumn } from '../extract/extraction.js';
import type { SourceFile } from '../extract/source-file.js';
import type { TablePlan } from '../mapping/table-plan.js';
import { list, type MergeCounts, target } from './merge.js';
import { fillLiveTables, findLiveTables } from './partition-swap.js';
import { attemptBareCasts, countEntries } from './staged-rows.js';

/** Whether a table has no rows at all, live or closed. */
export async function isEmpty(client: PoolClient, plan: TablePlan): Promise<boolean> {
  const { rows } = await client.query<{ empty: boolean }>(
    `/* warehouse.is_empty */ select not exists (select from ${target(plan)}) as empty`,
  );
  return rows[0]!.empty;
}

/**
 * Fills an empty table by bare casts, straight from the records: the bulk path of a first load. Null, with everything undone,
 * when a value does not fit, a key is missing, or a key occurs twice in a partitioned table, where removing duplicates would
 * sort many millions of rows. The caller then uses the other ways.
 */
export async function fillByBareCasts(
  cleaning: Cleaning,
  file: SourceFile,
  source: ExtractionSource,
): Promise<{ entries: number; inserted: number } | null> {
  const { client, plan } = cleaning;
  const rows = bareExtraction(plan, source);
  if (rows === null) return null;
  return attemptBareCasts(client, async () => {
    const { inserted } = await fillEmpty(cleaning, file, plan.partitioned ? rows : oneRowPerKey(plan, rows), {
      // This transaction may have created the staged entries, and then no other connection sees them.
      shared: plan.nested === null,
    });
    const entries = await countEntries(client, plan, file, source);
    return plan.partitioned && inserted < entries ? null : { entries, inserted };
  });
}

/** An index that can be dropped and created again. */
interface Index {
  readonly name: string;
  readonly definition: string;
}

/**
 * Fills an empty table without its indexes and creates them afterwards, which is faster. `truncate` gives the table a new file
 * in this transaction, so that Postgres writes no WAL for its rows when `wal_level` is `minimal`.
 * @param rows a select of the plan's fields and `_record`, one row per key
 * @param options.shared whether other connections can see what `rows` reads
 * @throws the database's `unique_violation` (23505) when a key occurs twice
 */
export async function fillEmpty(
  cleaning: Pick<Cleaning, 'pool' | 'client' | 'plan'>,
  file: SourceFile,
  rows: string,
  { shared }: { shared: boolean },
): Promise<MergeCounts> {
  const { client, plan } = cleaning;
  const tables = await findLiveTables(client, plan);
  if (tables.length > 0) {
    return { inserted: await fillLiveTables(cleaning, file, rows, tables, shared), closed: 0 };
  }
  const { rows: indexes } = await client.query<Index>(
    `/* warehouse.secondary_indexes */
     select c.relname::text as name, pg_get_indexdef(i.indexrelid) as definition
     from pg_index i join pg_class c on c.oid = i.indexrelid
     where i.indrelid = to_regclass($1) and not exists (select from pg_constraint where conindid = i.indexrelid)
     order by c.relname`,
    [target(plan)],
  );
  await client.query(`/* warehouse.truncate_empty */ truncate ${target(plan)}`);
  for (const index of indexes) {
    await client.query(`/* warehouse.drop_index */ drop index ${identifier(plan.schema, index.name)}`);
  }
  const inserted = await client.query(
    `/* warehouse.fill_empty */
     insert into ${target(plan)} (${list(plan.fields)}, record_number, file_id, valid_from)
     select ${list(plan.fields, 'o')}, o.${recordColumn}, ${file.id}, ${literal(file.period)} from (${rows}) o`,
  );
  for (const index of indexes) await client.query(`/* warehouse.create_index */ ${index.definition}`);
  await client.query(`/* warehouse.analyze_filled */ analyze ${target(plan)}`);
  return { inserted: inserted.rowCount ?? 0, closed: 0 };
}
