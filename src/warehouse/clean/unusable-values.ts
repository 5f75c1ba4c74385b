import type { Queryable } from '../../database/queryable.js';
import { attempt, badValue } from '../../database/savepoint.js';
import type { HiddenRows } from '../../source/load/load-finisher.js';
import { castsOf, expectedOf, lacks, sentText } from '../extract/extraction.js';
import { mappingOfFile } from '../extract/file-mapping.js';
import {
  isAboveLimit,
  readAcceptedColumns,
  shownValues,
  type UnusableColumn,
} from '../extract/value-limit.js';
import { isPersonal, readFromRecords, requiredOfRecords } from '../mapping/mapping.js';
import type { FieldPlan, Mapping } from '../mapping/table-plan.js';
import { allRecords, largeCount } from './key-coverage.js';

/** A sample with fewer values of a column says nothing about the column. */
const fewestSampled = 100;

/** The records that are judged. */
export interface JudgedRecords extends HiddenRows {
  /** Whether the tables are selects, of which Postgres takes no sample. */
  readonly isWhole?: boolean;
}

interface Count {
  readonly values: number;
  readonly unusable: number;
}

/**
 * The columns of a file that have too many values that cannot be used, among the records that have a usable key. Columns that
 * an operator accepted before are left out, and so are personal columns, texts without a set of values, and nested columns.
 * @param share the share of a column's values, 0 to 1, that may be unusable
 */
export async function findUnusableColumns(
  client: Queryable,
  mapping: Mapping,
  records: JudgedRecords,
  share: number,
): Promise<UnusableColumn[]> {
  if (records.count === 0) return [];
  const own = await mappingOfFile(client, mapping, records);
  const required = requiredOfRecords(own, records.sourceTable);
  const accepted =
    mapping.version === null
      ? new Set<string>()
      : await readAcceptedColumns(client, records.fileId, mapping.version);
  const fields = readFromRecords(own, records.sourceTable).filter(
    (field) =>
      !field.required &&
      (field.type !== 'text' || field.range !== null) &&
      !isPersonal(field) &&
      !accepted.has(field.sourceField),
  );
  const suspects = await stillSuspect(client, fields, required, records, share);
  const counts = await countUnusable(client, suspects, required, allRecords(records));
  const offending = suspects
    .map((field, index) => ({ field, ...counts[index]! }))
    .filter((count) => isAboveLimit(count, share));
  // Two tables can read one column as two types. The type that fits fewer of its values decides.
  const worst = new Map<string, (typeof offending)[number]>();
  for (const each of offending) {
    const other = worst.get(each.field.sourceField);
    if (other === undefined || other.unusable < each.unusable) worst.set(each.field.sourceField, each);
  }
  const found: UnusableColumn[] = [];
  for (const { field, unusable, values } of worst.values()) {
    const examples = await firstUnusable(client, field, required, records);
    found.push({ column: field.sourceField, expected: expectedOf(field), unusable, values, examples });
  }
  return found;
}

/** The fields that a look at a sample, and then casts without guards, leave in doubt: both are cheaper than counting. */
async function stillSuspect(
  client: Queryable,
  fields: readonly FieldPlan[],
  required: readonly FieldPlan[],
  records: JudgedRecords,
  share: number,
): Promise<readonly FieldPlan[]> {
  const isSampled = records.count > largeCount && records.isWhole !== true;
  const unsure = isSampled ? await sample(client, fields, required, records, share) : fields;
  const bare = unsure.filter((field) => castsOf(field).bare !== undefined);
  return bare.length > 0 && (await fitBareCasts(client, bare, records))
    ? unsure.filter((field) => !bare.includes(field))
    : unsure;
}

async function sample(
  client: Queryable,
  fields: readonly FieldPlan[],
  required: readonly FieldPlan[],
  { tables }: HiddenRows,
  share: number,
): Promise<FieldPlan[]> {
  const sampled = tables.map((table) => `select * from ${table} tablesample system (1)`).join(' union all ');
  const counts = await countUnusable(client, fields, required, `(${sampled}) s`);
  return fields.filter((_, index) => {
    const { values, unusable } = counts[index]!;
    return values < fewestSampled || unusable > (values * share) / 2;
  });
}

async function fitBareCasts(
  client: Queryable,
  fields: readonly FieldPlan[],
  records: HiddenRows,
): Promise<boolean> {
  const counts = fields.map((field) => `count(${castsOf(field).bare!(field.sourceColumn)})`);
  const cast = await attempt(client, [badValue], () =>
    client.query(`/* warehouse.cast_values */ select ${counts.join(', ')} from ${allRecords(records)}`),
  );
  return cast !== null;
}

const accepts = (required: readonly FieldPlan[]) =>
  required.length === 0 ? 'true' : `not (${required.map(lacks).join(' or ')})`;

async function countUnusable(
  client: Queryable,
  fields: readonly FieldPlan[],
  required: readonly FieldPlan[],
  records: string,
): Promise<Count[]> {
  if (fields.length === 0) return [];
  const texts = fields.map((field, index) => `${sentText(field, field.sourceColumn)} as _${index}`);
  const counts = fields.map(
    (field, index) =>
      `count(_${index})::integer, count(_${index}) filter (where (${castsOf(field).guarded(`_${index}`)}) is null)::integer`,
  );
  const { rows } = await client.query<{ counts: number[] }>(
    `/* warehouse.count_unusable_values */
     select array[${counts.join(', ')}] as counts
     from (select ${texts.join(', ')} from ${records} where ${accepts(required)} offset 0) t`,
  );
  const found = rows[0]!.counts;
  return fields.map((_, index) => ({ values: found[2 * index]!, unusable: found[2 * index + 1]! }));
}

async function firstUnusable(
  client: Queryable,
  field: FieldPlan,
  required: readonly FieldPlan[],
  records: HiddenRows,
): Promise<UnusableColumn['examples']> {
  const { rows } = await client.query<{ record: number; value: string }>(
    `/* warehouse.first_unusable_values */
     select record, left(value, 100) as value
     from (select s.record_number as record, ${sentText(field, field.sourceColumn)} as value
           from ${allRecords(records)} where ${accepts(required)} offset 0) t
     where value is not null and (${castsOf(field).guarded('value')}) is null
     order by record limit ${shownValues}`,
  );
  return rows;
}
