import type { Queryable } from '../../database/queryable.js';
import { unlessFaulty } from '../../database/savepoint.js';
import type { HiddenRows } from '../../source/load/load-finisher.js';
import { expectedOf, lacks, lacksBare } from '../extract/extraction.js';
import { mappingOfFile } from '../extract/file-mapping.js';
import { trimmed } from '../mapping/field-types.js';
import { isPersonal } from '../mapping/mapping.js';
import type { FieldPlan, Mapping } from '../mapping/table-plan.js';

/** Where more than this share of a file's records has no usable key, what it has as keys are hardly any. */
export const defaultUnkeyedShare = 0.5;

/** Of a file of more records a hundredth is looked at first: 26 million take seconds. */
const largeCount = 1_000_000;

/** What the first record without a usable key has in its place. */
interface Example {
  readonly record: number;
  readonly field: number;
  readonly value: string | null;
}

/**
 * Says why a file should not be cleaned, as a sentence without its full stop: too many of its records have no value that identifies them, as when
 * its columns are shifted. Undefined when there are not too many.
 * @param share of the records, 0 to 1, that may have none
 */
export async function whyUnkeyed(
  client: Queryable,
  mapping: Mapping,
  records: HiddenRows,
  share = defaultUnkeyedShare,
): Promise<string | undefined> {
  // The mapping may have been changed since the file was received, and a column of its key renamed.
  const fields = identifying(await mappingOfFile(client, mapping, records), records.sourceTable);
  if (fields.length === 0 || records.count === 0) return undefined;
  const sampled = records.count > largeCount && share >= 0.01;
  if (sampled && (await shareInSample(client, fields, records)) <= share / 2) return undefined;
  const found = await countUnkeyed(client, fields, records);
  if (found <= records.count * share) return undefined;
  const example = await firstUnkeyed(client, fields, records);
  const field = fields[example.field]!;
  const value = example.value === null ? 'missing' : JSON.stringify(example.value.slice(0, 100));
  const percent = ((100 * found) / records.count).toFixed(2);
  return `${found} of ${records.count} records of ${records.name} (${percent} %) have no usable key, more than the ${100 * share} % allowed: the ${field.sourceField} of record ${example.record} is ${value}, expected a value of type ${expectedOf(field)}`;
}

/** The fields that every record of a source table must have to be accepted. */
function identifying(mapping: Mapping, sourceTable: string): FieldPlan[] {
  const required = [...mapping.tables.values()]
    .filter((plan) => plan.sourceTable === sourceTable)
    .flatMap((plan) => plan.fields)
    .filter((field) => field.required && field.entryField === null);
  return [
    ...new Map(
      required.map((field) => [`${field.sourceColumn} ${field.type} ${field.transform}`, field]),
    ).values(),
  ];
}

const all = ({ tables }: HiddenRows) =>
  `(${tables.map((table) => `select * from ${table}`).join(' union all ')}) s`;

async function countUnkeyed(
  client: Queryable,
  fields: readonly FieldPlan[],
  records: HiddenRows,
): Promise<number> {
  const count = async (conditions: readonly string[]) => {
    const { rows } = await client.query<{ count: number }>(
      `/* warehouse.count_unkeyed */ select count(*)::integer as count from ${all(records)} where ${conditions.join(' or ')}`,
    );
    return rows[0]!.count;
  };
  const bare = fields.map(lacksBare).filter((condition) => condition !== null);
  const cheaply = bare.length < fields.length ? null : await unlessFaulty(client, () => count(bare));
  return cheaply ?? (await count(fields.map(lacks)));
}

async function shareInSample(
  client: Queryable,
  fields: readonly FieldPlan[],
  { tables }: HiddenRows,
): Promise<number> {
  const sample = tables.map((table) => `select * from ${table} tablesample system (1)`).join(' union all ');
  const { rows } = await client.query<{ share: number }>(
    `/* warehouse.sample_unkeyed */
     select coalesce(avg((${fields.map(lacks).join(' or ')})::integer), 0)::float as share from (${sample}) s`,
  );
  return rows[0]!.share;
}

async function firstUnkeyed(
  client: Queryable,
  fields: readonly FieldPlan[],
  records: HiddenRows,
): Promise<Example> {
  const cases = fields.map((field, index) => `when ${lacks(field)} then ${index}`).join(' ');
  const values = fields.map((field, index) => {
    // Of a person nothing is shown; there it can but be missing.
    return `when ${index} then ${isPersonal(field) ? 'null' : trimmed(field.sourceColumn)}`;
  });
  const { rows } = await client.query<Example>(
    `/* warehouse.first_unkeyed */
     select _record as record, _field as field, case _field ${values.join(' ')} end as value
     from (select s.*, s.record_number as _record, case ${cases} end as _field from ${all(records)}) s
     where _field is not null order by _record limit 1`,
  );
  return rows[0]!;
}
