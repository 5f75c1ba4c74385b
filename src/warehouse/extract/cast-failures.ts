import type { PoolClient } from 'pg';
import { literal } from '../../database/identifier.js';
import { ledgerOf } from '../mapping/mapping.js';
import type { FieldPlan, Mapping, TablePlan } from '../mapping/table-plan.js';
import {
  castsOfType,
  type ExtractionSource,
  expectedOf,
  failuresColumn,
  guardedExtraction,
  ordinalColumn,
  recordColumn,
} from './extraction.js';
import type { SourceFile } from './source-file.js';
import { hasFailureOf, textArray, writeRejects } from './unusable-records.js';

/** What of a file could not be used. */
export interface FailureCounts {
  /** Number of rows without a usable key. */
  readonly rejected: number;
  readonly issues: number;
}

/** The condition that an extracted row has all its required fields. */
export function usable(plan: TablePlan): string {
  const required = plan.fields.filter((field) => field.required);
  return `(${failuresColumn} is null or not ${hasFailureOf(required)})`;
}

/** The required fields of a table that come from the record itself, not from an entry of a nested column. */
function requiredOfRecord(plan: TablePlan): FieldPlan[] {
  return plan.fields.filter((field) => field.required && field.entryField === null);
}

/**
 * Records what could not be used of the extracted rows (`extracted`, from `guardedExtraction`). A record without a usable key
 * becomes a reject, once for all tables that it would fill. An entry without a usable key, and any other value that could not
 * be cast, becomes an issue.
 */
export async function writeCastFailures(
  client: PoolClient,
  plan: TablePlan,
  file: SourceFile,
  extracted: string,
): Promise<FailureCounts> {
  const { rows } = await client.query<{ found: boolean }>(
    `/* warehouse.find_failures */
     select exists (select from ${extracted} where ${failuresColumn} is not null) as found`,
  );
  if (!rows[0]!.found) return { rejected: 0, issues: 0 };
  await writeRejects(client, plan, file, { extracted, required: requiredOfRecord(plan) });
  const issues = await writeIssues(client, plan, file, extracted);
  const rejected = await client.query<{ count: number }>(
    `/* warehouse.count_rejected */ select count(*)::integer as count from ${extracted} where not ${usable(plan)}`,
  );
  return { rejected: rejected.rows[0]!.count, issues };
}

async function writeIssues(
  client: PoolClient,
  plan: TablePlan,
  file: SourceFile,
  extracted: string,
): Promise<number> {
  const entryKeys = plan.fields.filter((field) => field.required && field.entryField !== null);
  const types = plan.fields.map((field) => `(${literal(field.field)}, ${literal(expectedOf(field))})`);
  const entry = `'Entry ' || ${ordinalColumn} || ' of ' || ${literal(plan.nested?.column ?? '')}`;
  const { rowCount } = await client.query(
    `/* warehouse.insert_issues */
     insert into ${ledgerOf(plan)}.issue (file_id, record_number, table_name, column_name, value, reason, detail)
     select ${file.id}, ${recordColumn}, ${literal(plan.table)}, failure.field, left(failure.value, 1000),
            case when not is_entry_key and is_out_of_range then 'value_out_of_range'
                 when not is_entry_key then 'value_not_castable'
                 when failure.value is null then 'entry_key_missing'
                 else 'entry_key_not_castable' end,
            case when not is_entry_key and is_out_of_range
                 then 'The value is out of range, expected ' || type_of.name || '; the field was left empty.'
                 when not is_entry_key
                 then 'The value is not a valid ' || type_of.name || '; the field was left empty.'
                 when failure.value is null
                 then ${entry} || ' has no ' || failure.field || ' and was left out.'
                 else ${entry} || ' was left out, because its ' || failure.field || ' is not a valid ' || type_of.name || '.' end
     from ${extracted}
     cross join lateral jsonb_each_text(${failuresColumn}) as failure (field, value)
     cross join lateral (select failure.field = any(${textArray(entryKeys)}) as is_entry_key) as kind
     cross join lateral (select ${outOfRange(plan)} as is_out_of_range) as judged
     join (values ${types.join(', ')}) as type_of (field, name) on type_of.field = failure.field
     where ${failuresColumn} is not null and not ${hasFailureOf(requiredOfRecord(plan))}
     order by ${recordColumn}, ${ordinalColumn}`,
  );
  return rowCount ?? 0;
}

/** The condition that a failed value is of its field's type, so that it must be out of the field's range. */
function outOfRange(plan: TablePlan): string {
  const cases = plan.fields
    .filter(({ range }) => range !== null)
    .map(
      (field) =>
        `when ${literal(field.field)} then (${castsOfType(field).guarded('failure.value')}) is not null`,
    );
  return cases.length === 0 ? 'false' : `coalesce(case failure.field ${cases.join(' ')} end, false)`;
}

/**
 * Writes a reject for each record without a usable key, for a table that reads the entries of a nested column. A record
 * without entries has no extracted row, so that `writeCastFailures` does not see it. Does nothing when another table reads
 * the same key from every record, because that table writes the reject.
 */
export async function rejectRecordsWithoutEntries(
  client: PoolClient,
  plan: TablePlan,
  mapping: Mapping,
  file: SourceFile,
  source: ExtractionSource,
): Promise<void> {
  const fields = requiredOfRecord(plan);
  const isReadElsewhere = [...mapping.tables.values()].some(
    (other) =>
      other.sourceTable === plan.sourceTable &&
      other.nested === null &&
      fields.every(({ sourceColumn, type }) =>
        other.fields.some((own) => own.required && own.sourceColumn === sourceColumn && own.type === type),
      ),
  );
  if (plan.nested === null || fields.length === 0 || isReadElsewhere) return;
  const records: TablePlan = { ...plan, nested: null, fields, keys: fields, attributes: [], unfilled: [] };
  const extraction = guardedExtraction(records, { ...source, entries: null });
  await writeRejects(client, records, file, { extracted: `(${extraction}) records`, required: fields });
}
