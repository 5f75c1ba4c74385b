import type { Pool, PoolClient } from 'pg';
import type { Mapping, TablePlan } from '../mapping/mapping.js';
import { findEntries } from './entry-staging.js';
import type { ExtractionSource } from './extraction.js';
import { hashPersonalData, type PersonalDataKey } from './pii-hash.js';
import { findRecords, type SourceFile } from './source-file.js';

/** What the steps of cleaning one table share: one table, in one transaction. */
export interface Cleaning {
  readonly pool: Pool;
  readonly client: PoolClient;
  readonly plan: TablePlan;
  readonly mapping: Mapping;
  readonly personalDataKey: PersonalDataKey;
}

/**
 * Sees to the relations that the extraction of a file needs: its entries, and the hashes of its personal values.
 * @param options.report whether literals that cannot be read become issues: once, when the file itself is cleaned
 */
export async function openSource(
  cleaning: Cleaning,
  plan: TablePlan,
  file: SourceFile,
  { report }: { report: boolean },
): Promise<ExtractionSource> {
  const { pool, client } = cleaning;
  const entries = plan.nested ? await findEntries(pool, client, { file, nested: plan.nested, report }) : null;
  const records = await findRecords(client, file);
  return {
    records,
    entries,
    plainNumbers: file.plainNumbers,
    personalHashes: await hashPersonalData(cleaning, plan, { records, entries }),
  };
}
