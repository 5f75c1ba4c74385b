import type { PoolClient } from 'pg';
import { identifier } from '../database/identifier.js';
import { fillEmpty, isEmpty } from './bulk-fill.js';
import type { Cleaning } from './cleaning.js';
import { type ExtractionSource, guardedExtraction } from './extraction.js';
import { writeFaults } from './faults.js';
import { comesInOrder, mergeLate } from './late-file.js';
import type { TablePlan } from './mapping.js';
import { mergeInOrder, observed, sameKey, target } from './merge.js';
import type { SourceFile, TransformedFile } from './source-file.js';
import { writeUnknownCodes } from './unknown-codes.js';

/** What a file came to in a table. Entries = inserted + unchanged + rejected. */
export interface MergedFile {
  readonly entries: number;
  readonly inserted: number;
  readonly closed: number;
  readonly unchanged: number;
  readonly rejected: number;
  readonly issues: number;
}

/**
 * Merges a file by casts that give null where a value does not fit, and notes what could not be used: as the newest
 * word where it is that, else into history.
 * @param before the files that the table was filled from so far
 */
export async function mergeGuarded(
  cleaning: Cleaning,
  file: SourceFile,
  source: ExtractionSource,
  before: readonly TransformedFile[],
): Promise<MergedFile> {
  const { client, plan } = cleaning;
  const extracted = identifier('pg_temp', 'extracted');
  const said = identifier('pg_temp', 'said');
  await client.query(
    `/* warehouse.extract */ create temporary table extracted on commit drop as ${guardedExtraction(plan, source)}`,
  );
  const entries = await countRows(client, extracted);
  const faults = await writeFaults(client, plan, file, extracted);
  await client.query(
    `/* warehouse.observe */ create temporary table said on commit drop as ${observed(plan, extracted)}`,
  );
  await client.query(`drop table ${extracted}`);
  if (plan.tableType === 'reference') await dropStandardCodes(client, plan, said);
  await client.query(`analyze ${said}`);
  const merged = !(await comesInOrder(client, plan, file, before))
    ? await mergeLate(cleaning, file, before)
    : plan.tableType !== 'reference' && (await isEmpty(client, plan))
      ? await fillEmpty(client, plan, file, `select * from ${said}`)
      : await mergeInOrder(client, plan, file, said);
  const unknown = plan.tableType === 'reference' ? await writeUnknownCodes(client, plan, file, said) : 0;
  await client.query(`drop table ${said}`);
  return {
    ...merged,
    entries,
    unchanged: entries - faults.rejected - merged.inserted,
    rejected: faults.rejected,
    issues: faults.issues + unknown,
  };
}

async function countRows(client: PoolClient, relation: string): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    `/* warehouse.count_rows */ select count(*)::integer as count from ${relation}`,
  );
  return rows[0]!.count;
}

/** What the standard says of a code is not the vendor's to change. */
async function dropStandardCodes(client: PoolClient, plan: TablePlan, said: string): Promise<void> {
  await client.query(
    `/* warehouse.drop_standard_codes */
     delete from ${said} o using ${target(plan)} t where ${sameKey(plan, 't', 'o')} and t.standard and not t.deleted`,
  );
}
