import type { TablePlan } from '../mapping/table-plan.js';
import type { Cleaning } from './cleaning.js';
import { findEntries } from './entry-staging.js';
import type { ExtractionSource } from './extraction.js';
import { hashPersonalData } from './pii-hash.js';
import { findRecords, type SourceFile } from './source-file.js';

/**
 * Prepares the relations from which a file is extracted: its records, its entries, and the hashes of its personal values.
 * @param options.report whether literals that cannot be read become issues; only when the file itself is cleaned, so that
 *   each is reported once
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
