import type { PoolClient } from 'pg';
import { identifier } from '../../database/identifier.js';
import { usable } from '../extract/cast-failures.js';
import type { Cleaning } from '../extract/cleaning.js';
import { type ExtractionSource, guardedExtraction, lastOfEach, recordColumn } from '../extract/extraction.js';
import { mappingOfFile } from '../extract/file-mapping.js';
import { openSource } from '../extract/open-source.js';
import type { SourceFile, TransformedFile } from '../extract/source-file.js';
import { mappingOfVersion } from '../mapping/mapping-ledger.js';
import type { Mapping, TablePlan } from '../mapping/table-plan.js';
import { parentKeys, parentsListed } from './close-missing-links.js';
import { keepsVersions, list, type MergeCounts, sameKey, target, valueColumns } from './merge.js';
import { mergeHistory, type Observation } from './merge-history.js';

const keys = identifier('pg_temp', 'key');

/** Whether nothing the table knows counts later than this file: no other file, no retirement. */
export async function comesInOrder(
  client: PoolClient,
  plan: TablePlan,
  file: SourceFile,
  before: readonly SourceFile[],
): Promise<boolean> {
  if (
    before.some((other) => other.period > file.period || (other.period === file.period && other.id > file.id))
  ) {
    return false;
  }
  // A rebuild applies the retirements itself, each in its place between the files.
  if (plan.schema !== 'warehouse') return true;
  const { rowCount } = await client.query(
    `/* warehouse.later_retirement */
     select from support.retirement
     where table_name = $1 and restored_date is null and period is not null and period || '-01' >= $2 limit 1`,
    [plan.table, file.period],
  );
  return rowCount === 0;
}

/** Files a late file into history, from what all files said of the keys in `pg_temp.said`, which it said. */
export async function mergeLate(
  cleaning: Cleaning,
  file: SourceFile,
  source: ExtractionSource,
  before: readonly TransformedFile[],
): Promise<MergeCounts> {
  const { client, plan } = cleaning;
  const parents = parentsListed(plan, file, source);
  // Links that the file leaves out are its business as well.
  const leftOut =
    parents === null
      ? ''
      : `union select ${list(plan.keys, 't')} from ${target(plan)} t join (${parents}) p
         on ${parentKeys(plan)
           .map(({ field }) => `p.${identifier(field)} = t.${identifier(field)}`)
           .join(' and ')}`;
  await client.query(
    `/* warehouse.keys */ create temporary table key on commit drop as
     select ${list(plan.keys)} from pg_temp.said ${leftOut}`,
  );
  await rewriteHistory(cleaning, before, [
    {
      fileId: file.id,
      period: file.period,
      rows: `select ${saidUnder(plan, plan)} from pg_temp.said o`,
      versions: keepsVersions(plan),
      parents,
    },
  ]);
  const { rows } = await client.query<{ inserted: number }>(
    `/* warehouse.count_begun */
     select count(*)::integer as inserted from ${target(plan)} t join ${keys} k on ${sameKey(plan, 'k', 't')}
     where t.file_id = $1 and not (t.deleted and t.deleted_date < now())`,
    [file.id],
  );
  await client.query(`drop table ${keys}`);
  return { inserted: rows[0]!.inserted, closed: 0 };
}

/**
 * Writes the history of the keys in `pg_temp.key` anew, from what files said of them, each read under the mapping it was
 * cleaned with, and what is known already.
 */
export async function rewriteHistory(
  cleaning: Cleaning,
  files: readonly TransformedFile[],
  known: readonly Observation[] = [],
): Promise<void> {
  const { client, plan } = cleaning;
  await client.query(`analyze ${keys}`);
  const observations = [...known];
  const mappings = new Map<number, Mapping>();
  for (const file of files) {
    const mapping =
      mappings.get(file.mappingVersion) ?? (await mappingOfVersion(client, file.mappingVersion));
    mappings.set(file.mappingVersion, mapping);
    const own = await mappingOfFile(client, mapping, file);
    const observation = await whatFileSaid(cleaning, own.tables.get(plan.table), file);
    if (observation !== null) observations.push(observation);
  }
  await mergeHistory(client, plan, keys, observations);
}

/** What a file said of the keys, under the plan it was cleaned with. */
async function whatFileSaid(
  cleaning: Cleaning,
  then: TablePlan | undefined,
  file: SourceFile,
): Promise<Observation | null> {
  const { plan } = cleaning;
  if (!then || then.sourceTable !== file.sourceTable) return null;
  const filled = new Set(then.fields.map((field) => field.field));
  if (plan.keys.some((field) => !filled.has(field.field))) return null;
  const source = await openSource(cleaning, then, file, { report: false });
  const extraction = guardedExtraction(then, source);
  const rows = `select x.* from (${extraction}) x join ${keys} k on ${sameKey(plan, 'k', 'x')} where ${usable(then)}`;
  return {
    fileId: file.id,
    period: file.period,
    rows: `select ${saidUnder(plan, then)} from (${lastOfEach(then, rows)}) o`,
    versions: keepsVersions(then),
    parents: parentsListed(then, file, source),
  };
}

/** The columns of the table, and `_record`, as a file gives them (`o`) that was read under a plan of its own. */
function saidUnder(plan: TablePlan, then: TablePlan): string {
  const filled = new Set(then.fields.map(({ field }) => field));
  const values = valueColumns(plan).map(({ field, catalogName }) =>
    filled.has(field) ? `o.${identifier(field)}` : `null::${catalogName} as ${identifier(field)}`,
  );
  return [list(plan.keys, 'o'), ...values, `o.${recordColumn}`].join(', ');
}
