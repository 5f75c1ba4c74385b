import type { Queryable } from '../../database/queryable.js';
import { attempt, badValue, brokenConstraint } from '../../database/savepoint.js';
import type { HiddenRows } from '../../source/load/load-finisher.js';
import { expectedOf, lacks, lacksBare } from '../extract/extraction.js';
import { mappingOfFile } from '../extract/file-mapping.js';
import { maskedText, trimmed } from '../mapping/field-types.js';
import { isPersonal, requiredOfRecords } from '../mapping/mapping.js';
import type { FieldPlan, Mapping } from '../mapping/table-plan.js';

/** The default for the share of a file's records that may have no usable key. */
const defaultMissingShare = 0.5;

/** A larger file is first judged by a sample of one percent of its records: counting 26 million records takes seconds. */
export const largeCount = 1_000_000;

/** The first record without a usable key: its number, the key field by its index, and the field's value. */
interface Example {
  readonly record: number;
  readonly field: number;
  readonly value: string | null;
}

/**
 * Explains why a file should not be cleaned: too many of its records have no usable key, for example because its columns are
 * shifted. The sentence has no full stop. Undefined when the file can be cleaned.
 * @param share the share of the records, 0 to 1, that may have no usable key
 */
export async function explainMissingKeys(
  client: Queryable,
  mapping: Mapping,
  records: HiddenRows,
  share = defaultMissingShare,
): Promise<string | undefined> {
  // A column of the key may have been renamed in the mapping since the file was received.
  const fields = requiredOfRecords(await mappingOfFile(client, mapping, records), records.sourceTable);
  if (fields.length === 0 || records.count === 0) return undefined;
  const sampled = records.count > largeCount && share >= 0.01;
  if (sampled && (await missingShareInSample(client, fields, records)) <= share / 2) return undefined;
  const missing = await countMissing(client, fields, records);
  if (missing <= records.count * share) return undefined;
  const example = await firstMissing(client, fields, records);
  const field = fields[example.field]!;
  const value = example.value === null ? 'missing' : JSON.stringify(example.value.slice(0, 100));
  const percent = ((100 * missing) / records.count).toFixed(2);
  return `${missing} of ${records.count} records of ${records.name} (${percent} %) have no usable key, more than the ${100 * share} % allowed: the ${field.sourceField} of record ${example.record} is ${value}, expected a value of type ${expectedOf(field)}`;
}

/** The records of a file that is not visible yet, as the relation `s`. */
export const allRecords = ({ tables }: HiddenRows) =>
  `(${tables.map((table) => `select * from ${table}`).join(' union all ')}) s`;

async function countMissing(
  client: Queryable,
  fields: readonly FieldPlan[],
  records: HiddenRows,
): Promise<number> {
  const count = async (conditions: readonly string[]) => {
    const { rows } = await client.query<{ count: number }>(
      `/* warehouse.count_missing_keys */
       select count(*)::integer as count from ${allRecords(records)} where ${conditions.join(' or ')}`,
    );
    return rows[0]!.count;
  };
  const bare = fields.map(lacksBare).filter((condition) => condition !== null);
  const fast =
    bare.length < fields.length
      ? null
      : await attempt(client, [badValue, brokenConstraint], () => count(bare));
  return fast ?? (await count(fields.map(lacks)));
}

async function missingShareInSample(
  client: Queryable,
  fields: readonly FieldPlan[],
  { tables }: HiddenRows,
): Promise<number> {
  const sample = tables.map((table) => `select * from ${table} tablesample system (1)`).join(' union all ');
  const { rows } = await client.query<{ share: number }>(
    `/* warehouse.sample_missing_keys */
     select coalesce(avg((${fields.map(lacks).join(' or ')})::integer), 0)::float as share from (${sample}) s`,
  );
  return rows[0]!.share;
}

async function firstMissing(
  client: Queryable,
  fields: readonly FieldPlan[],
  records: HiddenRows,
): Promise<Example> {
  const cases = fields.map((field, index) => `when ${lacks(field)} then ${index}`).join(' ');
  const values = fields.map((field, index) => {
    const text = trimmed(field.sourceColumn);
    // A personal value must not be shown.
    const shown = isPersonal(field) ? `case when ${text} is not null then '${maskedText}' end` : text;
    return `when ${index} then ${shown}`;
  });
  const { rows } = await client.query<Example>(
    `/* warehouse.first_missing_key */
     select _record as record, _field as field, case _field ${values.join(' ')} end as value
     from (select s.*, s.record_number as _record, case ${cases} end as _field from ${allRecords(records)}) s
     where _field is not null order by _record limit 1`,
  );
  return rows[0]!;
}
