import type { PoolClient } from 'pg';
import { identifier } from '../../database/identifier.js';
import { ledger } from '../../database/prisma-client.js';
import { usable } from '../extract/cast-failures.js';
import type { Cleaning } from '../extract/cleaning.js';
import {
  type ExtractionSource,
  guardedExtraction,
  oneRowPerKey,
  recordColumn,
} from '../extract/extraction.js';
import { mappingOfFile } from '../extract/file-mapping.js';
import { openSource } from '../extract/open-source.js';
import type { SourceFile, TransformedFile } from '../extract/source-file.js';
import { mappingOfVersion } from '../mapping/mapping-ledger.js';
import type { Mapping, TablePlan } from '../mapping/table-plan.js';
import { listedParents, parentKeys } from './close-missing-links.js';
import { keepsVersions, list, type MergeCounts, sameKey, target, valueColumns } from './merge.js';
import { mergeHistory, type Observation } from './merge-history.js';
import { stagedRows } from './staged-rows.js';

const keys = identifier('pg_temp', 'key');

/** Whether nothing in the table counts later than this file: neither another file nor a retirement. */
export async function isNewest(
  client: PoolClient,
  plan: TablePlan,
  file: SourceFile,
  before: readonly SourceFile[],
): Promise<boolean> {
  const isLater = (other: SourceFile) =>
    other.period > file.period || (other.period === file.period && other.id > file.id);
  if (before.some(isLater)) return false;
  // A rebuild applies the retirements itself, each at its place between the files.
  if (plan.schema !== 'warehouse') return true;
  const { retirement } = await ledger(client);
  const later = await retirement.findFirst({
    select: { id: true },
    where: { table_name: plan.table, restored_date: null, period: { gte: file.period.slice(0, 7) } },
  });
  return later === null;
}

/**
 * Merges a late file, whose rows are staged, into the history of its table: the history of every key that the file mentions,
 * or whose link it no longer lists, is written again from all files.
 */
export async function mergeLateFile(
  cleaning: Cleaning,
  file: SourceFile,
  source: ExtractionSource,
  before: readonly TransformedFile[],
): Promise<MergeCounts> {
  const { client, plan } = cleaning;
  const parents = listedParents(plan, file, source);
  await client.query(
    `/* warehouse.create_keys */ create temporary table key on commit drop as
     select ${list(plan.keys)} from ${stagedRows} ${parents === null ? '' : `union ${linksOf(plan, parents)}`}`,
  );
  await rewriteHistory(cleaning, before, [
    {
      fileId: file.id,
      period: file.period,
      rows: `select ${columnsOf(plan, plan)} from ${stagedRows} o`,
      versions: keepsVersions(plan),
      parents,
    },
  ]);
  const { rows } = await client.query<{ inserted: number }>(
    `/* warehouse.count_inserted */
     select count(*)::integer as inserted from ${target(plan)} t join ${keys} k on ${sameKey(plan, 'k', 't')}
     where t.file_id = $1 and not (t.deleted and t.deleted_date < now())`,
    [file.id],
  );
  await client.query(`/* warehouse.drop_keys */ drop table ${keys}`);
  return { inserted: rows[0]!.inserted, closed: 0 };
}

/** A select of the keys of all links that the table has for the parents. */
function linksOf(plan: TablePlan, parents: string): string {
  const sameParent = parentKeys(plan).map(({ field }) => `p.${identifier(field)} = t.${identifier(field)}`);
  return `select ${list(plan.keys, 't')} from ${target(plan)} t join (${parents}) p on ${sameParent.join(' and ')}`;
}

/**
 * Writes the history of the keys in `pg_temp.key` again, from the rows that files have for them. Each file is read under the
 * mapping it was cleaned with.
 * @param known the observations that have been read already
 */
export async function rewriteHistory(
  cleaning: Cleaning,
  files: readonly TransformedFile[],
  known: readonly Observation[] = [],
): Promise<void> {
  const { client, plan } = cleaning;
  await client.query(`/* warehouse.analyze_keys */ analyze ${keys}`);
  const observations = [...known];
  const mappings = new Map<number, Mapping>();
  for (const file of files) {
    const mapping =
      mappings.get(file.mappingVersion) ?? (await mappingOfVersion(client, file.mappingVersion));
    mappings.set(file.mappingVersion, mapping);
    const own = await mappingOfFile(client, mapping, file);
    const observation = await observe(cleaning, own.tables.get(plan.table), file);
    if (observation !== null) observations.push(observation);
  }
  await mergeHistory(client, plan, keys, observations);
}

/**
 * What a file has for the keys in `pg_temp.key`; null when it was not read for all key fields.
 * @param filePlan the plan the file was cleaned with
 */
async function observe(
  cleaning: Cleaning,
  filePlan: TablePlan | undefined,
  file: SourceFile,
): Promise<Observation | null> {
  const { plan } = cleaning;
  if (!filePlan || filePlan.sourceTable !== file.sourceTable) return null;
  const filled = new Set(filePlan.fields.map((field) => field.field));
  if (plan.keys.some((field) => !filled.has(field.field))) return null;
  const source = await openSource(cleaning, filePlan, file, { report: false });
  const extraction = guardedExtraction(filePlan, source);
  const rows = `select x.* from (${extraction}) x join ${keys} k on ${sameKey(plan, 'k', 'x')} where ${usable(filePlan)}`;
  return {
    fileId: file.id,
    period: file.period,
    rows: `select ${columnsOf(plan, filePlan)} from (${oneRowPerKey(filePlan, rows)}) o`,
    versions: keepsVersions(filePlan),
    parents: listedParents(filePlan, file, source),
  };
}

/** The columns of the table, and `_record`, from rows `o` of a file; null for columns that the file's plan does not fill. */
function columnsOf(plan: TablePlan, filePlan: TablePlan): string {
  const filled = new Set(filePlan.fields.map(({ field }) => field));
  const values = valueColumns(plan).map(({ field, catalogName }) =>
    filled.has(field) ? `o.${identifier(field)}` : `null::${catalogName} as ${identifier(field)}`,
  );
  return [list(plan.keys, 'o'), ...values, `o.${recordColumn}`].join(', ');
}
