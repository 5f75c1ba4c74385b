import type { PoolClient } from 'pg';
import type { Cleaning } from '../extract/cleaning.js';
import type { ExtractionSource } from '../extract/extraction.js';
import type { SourceFile, TransformedFile } from '../extract/source-file.js';
import type { TablePlan } from '../mapping/table-plan.js';
import { fillByBareCasts, fillEmpty, isEmpty } from './bulk-fill.js';
import { listedParents, retireMissingLinks } from './close-missing-links.js';
import { isNewest, mergeLateFile } from './late-arriving-file.js';
import { type MergeCounts, mergeNewestRows } from './merge.js';
import { countKnownKeys, type KnownKeys } from './renamed-keys.js';
import { stageByBareCasts, stageByGuardedCasts, stagedRows } from './staged-rows.js';
import { removeStandardCodes } from './standard-codes.js';
import { writeUnknownCodes } from './unknown-codes.js';

/** What one file changed in a table. Entries = inserted + unchanged + rejected. */
export interface MergedFile {
  readonly entries: number;
  readonly inserted: number;
  readonly closed: number;
  readonly unchanged: number;
  readonly rejected: number;
  readonly issues: number;
  /** Keys that were known before, and those of them that got another name; see `countKnownKeys`. */
  readonly known: number;
  readonly renamed: number;
}

const noneKnown: KnownKeys = { known: 0, renamed: 0 };

/**
 * Merges the rows of a file into its table. There are three ways: a bulk fill of an empty table, a merge of the newest file
 * into the live rows, and a rewrite of history for a file that comes late.
 * @param before the files that the table was filled from so far
 */
export async function mergeFile(
  cleaning: Cleaning,
  file: SourceFile,
  source: ExtractionSource,
  before: readonly TransformedFile[],
): Promise<MergedFile> {
  const { client, plan } = cleaning;
  const newest = await isNewest(client, plan, file, before);
  const isFirst = newest && plan.tableType !== 'reference' && (await isEmpty(client, plan));
  const bulk = isFirst ? await fillByBareCasts(cleaning, file, source) : null;
  if (bulk !== null) {
    const { entries, inserted } = bulk;
    return {
      entries,
      inserted,
      closed: 0,
      unchanged: entries - inserted,
      rejected: 0,
      issues: 0,
      ...noneKnown,
    };
  }
  const { entries, rejected, issues } =
    (await stageByBareCasts(client, plan, file, source)) ??
    (await stageByGuardedCasts(client, plan, file, source));
  await removeStandardCodes(client, plan, stagedRows);
  // An empty table takes all rows without looking up any.
  if (!isFirst) await client.query(`/* warehouse.analyze_staged */ analyze ${stagedRows}`);
  const { known, renamed } = isFirst ? noneKnown : await countKnownKeys(client, plan, cleaning.nameField);
  const merged = !newest
    ? await mergeLateFile(cleaning, file, source, before)
    : isFirst
      ? await fillEmpty(cleaning, file, `select * from ${stagedRows}`, { shared: false })
      : await mergeNewest(client, plan, file, source);
  const unknown = plan.tableType === 'reference' ? await writeUnknownCodes(client, plan, file) : 0;
  await client.query(`/* warehouse.drop_staged */ drop table ${stagedRows}`);
  const unchanged = entries - rejected - merged.inserted;
  return { ...merged, entries, unchanged, rejected, issues: issues + unknown, known, renamed };
}

async function mergeNewest(
  client: PoolClient,
  plan: TablePlan,
  file: SourceFile,
  source: ExtractionSource,
): Promise<MergeCounts> {
  const merged = await mergeNewestRows(client, plan, file);
  const parents = listedParents(plan, file, source);
  if (parents === null) return merged;
  return { ...merged, closed: merged.closed + (await retireMissingLinks(client, plan, file, parents)) };
}
