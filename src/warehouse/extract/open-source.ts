import type { TablePlan } from '../mapping/table-plan.js';
import type { Cleaning } from './cleaning.js';
import { findEntries } from './entry-staging.js';
import type { ExtractionSource } from './extraction.js';
import { hashPersonalData } from './pii-hash.js';
import { findRecords, type SourceFile } from './source-file.js';

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
