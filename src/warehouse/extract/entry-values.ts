import type { PoolClient } from 'pg';
import { identifier } from '../../database/identifier.js';
import { attempt, badValue } from '../../database/savepoint.js';
import { isPersonal, requiredOfRecords } from '../mapping/mapping.js';
import type { FieldPlan } from '../mapping/table-plan.js';
import { entryColumn } from './entry-column.js';
import { castsOf, expectedOf, lacks, sentText } from './extraction.js';
import type { ColumnOfFile } from './malformed-literals.js';
import { isAboveLimit, shownValues, type UnusableColumn } from './value-limit.js';

/**
 * Gives the fields of a nested column's entries of which more values than allowed cannot be used, among the records that have a usable
 * key. A missing key counts, because it leaves its entry out. Personal fields and texts without a set of values are not judged.
 * @param relation the entries, see `stagingName`
 */
export async function findUnusableEntries(
  client: PoolClient,
  column: ColumnOfFile,
  relation: string,
  share: number,
): Promise<UnusableColumn[]> {
  const fields = fieldsOfEntries(column);
  if (fields.length === 0 || (await fitBareCasts(client, fields, relation))) return [];
  const entries = acceptedEntries(column, relation);
  const counts = fields.map((field, index) => {
    const isUnusable = `${field.required ? '' : `_${index} is not null and `}(${castsOf(field).guarded(`_${index}`)}) is null`;
    return `count(${field.required ? '*' : `_${index}`})::integer, count(*) filter (where ${isUnusable})::integer`;
  });
  const texts = fields.map((field, index) => `${sentText(field, textOf(field))} as _${index}`);
  const { rows } = await client.query<{ counts: number[] }>(
    `/* warehouse.count_unusable_entries */
     select array[${counts.join(', ')}] as counts from (select ${texts.join(', ')} from ${entries} offset 0) t`,
  );
  const found: UnusableColumn[] = [];
  for (const [index, field] of fields.entries()) {
    const values = rows[0]!.counts[2 * index]!;
    const unusable = rows[0]!.counts[2 * index + 1]!;
    if (!isAboveLimit({ unusable, values }, share)) continue;
    const examples = await firstUnusable(client, field, entries);
    found.push({ column: field.sourceField, expected: expectedOf(field), unusable, values, examples });
  }
  return found;
}

/** The judged fields of the entries, each source field and cast once. */
function fieldsOfEntries({ own, file, nested }: ColumnOfFile): FieldPlan[] {
  const fields = [...own.tables.values()]
    .filter((plan) => plan.sourceTable === file.sourceTable && plan.nested?.column === nested.column)
    .flatMap((plan) => plan.fields)
    .filter(
      (field) =>
        field.entryField !== null &&
        !isPersonal(field) &&
        (field.type !== 'text' || field.range !== null || field.required),
    );
  const bySourceField = new Map<string, FieldPlan>();
  // Where one table requires what another only reads, the requirement counts.
  for (const field of fields.sort((one, other) => Number(one.required) - Number(other.required))) {
    bySourceField.set(field.sourceField, field);
  }
  return [...bySourceField.values()];
}

/** Whether all values fit their types, by casts without guards, which are much cheaper than counting. */
async function fitBareCasts(
  client: PoolClient,
  fields: readonly FieldPlan[],
  relation: string,
): Promise<boolean> {
  const casts = fields.map((field) => castsOf(field).bare?.(textOf(field)));
  if (casts.some((cast) => cast === undefined)) return false;
  const missing = fields.map((field, index) => (field.required ? `(${casts[index]}) is null` : 'false'));
  const counts = casts.map((cast) => `count(${cast})`);
  const fit = await attempt(client, [badValue], async () => {
    const { rows } = await client.query<{ missing: number }>(
      `/* warehouse.cast_entries */
       select count(*) filter (where ${missing.join(' or ')})::integer as missing, ${counts.join(', ')}
       from ${relation} e where e.record_number > 0`,
    );
    return rows[0]!.missing === 0 ? true : null;
  });
  return fit ?? false;
}

function acceptedEntries({ own, file }: ColumnOfFile, relation: string): string {
  const required = requiredOfRecords(own, file.sourceTable).map(lacks);
  const rejected =
    required.length === 0
      ? ''
      : `and not exists (
           select from source.${identifier(file.sourceTable)} s
           where s.file_id = ${file.id} and s.record_number = e.record_number and (${required.join(' or ')}))`;
  return `(select e.* from ${relation} e where e.record_number > 0 ${rejected}) e`;
}

async function firstUnusable(
  client: PoolClient,
  field: FieldPlan,
  entries: string,
): Promise<UnusableColumn['examples']> {
  const { rows } = await client.query<{ record: number; value: string | null }>(
    `/* warehouse.first_unusable_entries */
     select record, left(value, 100) as value
     from (select e.record_number as record, e.ordinal, ${sentText(field, textOf(field))} as value from ${entries} offset 0) t
     where ${field.required ? '' : 'value is not null and '}(${castsOf(field).guarded('value')}) is null
     order by record, ordinal limit ${shownValues}`,
  );
  return rows;
}

function textOf({ entryField }: FieldPlan): string {
  return `e.${identifier(entryColumn(entryField!))}`;
}
