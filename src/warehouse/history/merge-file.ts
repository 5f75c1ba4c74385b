import type { PoolClient } from 'pg';
import type { Cleaning } from '../extract/cleaning.js';
import type { ExtractionSource } from '../extract/extraction.js';
import type { SourceFile, TransformedFile } from '../extract/source-file.js';
import type { TablePlan } from '../mapping/table-plan.js';
import { fillByBareCasts, fillEmpty, isEmpty } from './bulk-fill.js';
import { parentsListed, retireMissingLinks } from './close-missing-links.js';
import { comesInOrder, mergeLate } from './late-arriving-file.js';
import { type MergeCounts, mergeInOrder } from './merge.js';
import { readByBareCasts, readGuarded, said } from './staged-rows.js';
import { dropStandardCodes } from './standard-codes.js';
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
 * Merges what a file says into its table: in one go into an empty one, as the newest word where it is that, else into
 * history.
 * @param before the files that the table was filled from so far
 */
export async function mergeFile(
  cleaning: Cleaning,
  file: SourceFile,
  source: ExtractionSource,
  before: readonly TransformedFile[],
): Promise<MergedFile> {
  const { client, plan } = cleaning;
  const inOrder = await comesInOrder(client, plan, file, before);
  const isFirst = inOrder && plan.tableType !== 'reference' && (await isEmpty(client, plan));
  const bulk = isFirst ? await fillByBareCasts(cleaning, file, source) : null;
  if (bulk !== null) {
    const { entries, inserted } = bulk;
    return { entries, inserted, closed: 0, unchanged: entries - inserted, rejected: 0, issues: 0 };
  }
  const { entries, rejected, issues } =
    (await readByBareCasts(client, plan, file, source)) ?? (await readGuarded(client, plan, file, source));
  await dropStandardCodes(client, plan, said);
  // Into an empty table they all go as they are.
  if (!isFirst) await client.query(`analyze ${said}`);
  const merged = !inOrder
    ? await mergeLate(cleaning, file, source, before)
    : isFirst
      ? await fillEmpty(cleaning, file, `select * from ${said}`, { shared: false })
      : await mergeNewest(client, plan, file, source);
  const unknown = plan.tableType === 'reference' ? await writeUnknownCodes(client, plan, file, said) : 0;
  await client.query(`drop table ${said}`);
  const unchanged = entries - rejected - merged.inserted;
  return { ...merged, entries, unchanged, rejected, issues: issues + unknown };
}

async function mergeNewest(
  client: PoolClient,
  plan: TablePlan,
  file: SourceFile,
  source: ExtractionSource,
): Promise<MergeCounts> {
  const merged = await mergeInOrder(client, plan, file);
  const parents = parentsListed(plan, file, source);
  if (parents === null) return merged;
  return { ...merged, closed: merged.closed + (await retireMissingLinks(client, plan, file, parents)) };
}
