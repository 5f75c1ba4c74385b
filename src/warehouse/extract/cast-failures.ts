import type { PoolClient } from 'pg';
import { identifier, literal } from '../../database/identifier.js';
import { ledgerOf } from '../mapping/mapping.js';
import type { Mapping, TablePlan } from '../mapping/table-plan.js';
import {
  type ExtractionSource,
  expectedOf,
  faultsColumn,
  guardedExtraction,
  ordinalColumn,
  recordColumn,
} from './extraction.js';
import type { SourceFile } from './source-file.js';

/** What could not be used of a file. */
export interface FaultCounts {
  /** Rows that could not be keyed. */
  readonly rejected: number;
  readonly issues: number;
}

const texts = (fields: readonly string[]) => `array[${fields.map(literal).join(', ')}]::text[]`;

/** The condition under which an extracted row has all it cannot do without. */
export function usable(plan: TablePlan): string {
  const required = plan.fields.filter((field) => field.required).map((field) => field.field);
  return `(${faultsColumn} is null or not ${faultsColumn} ?| ${texts(required)})`;
}

/**
 * Records what of the extracted rows (`extracted`, from `guardedExtraction`) could not be used: a record whose key is
 * no key becomes a reject, once however many tables it feeds; a nested entry without its key, and any other value that
 * could not be cast, become issues.
 */
export async function writeFaults(
  client: PoolClient,
  plan: TablePlan,
  file: SourceFile,
  extracted: string,
): Promise<FaultCounts> {
  const { rows } = await client.query<{ found: boolean }>(
    `/* warehouse.find_faults */ select exists (select from ${extracted} where ${faultsColumn} is not null) as found`,
  );
  if (!rows[0]!.found) return { rejected: 0, issues: 0 };
  await writeRejects(client, plan, file, extracted);
  const ofRecord = plan.fields.filter((field) => field.required && field.entryField === null);
  const ofEntry = plan.fields.filter((field) => field.required && field.entryField !== null);
  const inserted = await client.query(
    `/* warehouse.insert_issues */
     insert into ${ledgerOf(plan)}.issue (file_id, record_number, table_name, column_name, value, reason, detail)
     select ${file.id}, ${recordColumn}, ${literal(plan.table)}, fault.key, left(fault.value, 1000),
            case when not is_entry_key then 'value_not_castable'
                 when fault.value is null then 'entry_key_missing' else 'entry_key_not_castable' end,
            case when not is_entry_key then 'The value is no ' || type_of.name || '; the field was left empty.'
                 when fault.value is null
                 then 'Entry ' || ${ordinalColumn} || ' of ' || ${literal(plan.nested?.column ?? '')} || ' has no ' || fault.key || ' and was left out.'
                 else 'Entry ' || ${ordinalColumn} || ' of ' || ${literal(plan.nested?.column ?? '')} || ' was left out, because its ' || fault.key || ' is no ' || type_of.name || '.' end
     from ${extracted}
     cross join lateral jsonb_each_text(${faultsColumn}) as fault (key, value)
     cross join lateral (select fault.key = any(${texts(ofEntry.map((field) => field.field))}) as is_entry_key) as kind
     join (values ${plan.fields.map((field) => `(${literal(field.field)}, ${literal(expectedOf(field))})`).join(', ')})
       as type_of (field, name) on type_of.field = fault.key
     where ${faultsColumn} is not null and not ${faultsColumn} ?| ${texts(ofRecord.map((field) => field.field))}
     order by ${recordColumn}, ${ordinalColumn}`,
  );
  const rejected = await client.query<{ count: string }>(
    `/* warehouse.count_rejected */ select count(*)::integer as count from ${extracted} where not ${usable(plan)}`,
  );
  return { rejected: Number(rejected.rows[0]!.count), issues: inserted.rowCount ?? 0 };
}

/**
 * Keeps each record without a usable key as a reject where a table takes entries of a nested column: one that lists none has
 * no row in what was extracted, and would be neither there nor rejected. Where a table beside it takes each record as it is,
 * that one sees to it.
 */
export async function rejectUnlisted(
  client: PoolClient,
  plan: TablePlan,
  mapping: Mapping,
  file: SourceFile,
  source: ExtractionSource,
): Promise<void> {
  const fields = plan.fields.filter((field) => field.required && field.entryField === null);
  const isSeenTo = [...mapping.tables.values()].some(
    (other) =>
      other.sourceTable === plan.sourceTable &&
      other.nested === null &&
      fields.every(({ sourceColumn, type }) =>
        other.fields.some((own) => own.required && own.sourceColumn === sourceColumn && own.type === type),
      ),
  );
  if (plan.nested === null || fields.length === 0 || isSeenTo) return;
  const records: TablePlan = { ...plan, nested: null, fields, keys: fields, attributes: [], unfilled: [] };
  const extraction = guardedExtraction(records, { ...source, entries: null });
  await writeRejects(client, records, file, `(${extraction}) records`);
}

/** Keeps each record whose key is missing or no key as a reject, written again as CSV from its fields. */
async function writeRejects(
  client: PoolClient,
  plan: TablePlan,
  file: SourceFile,
  extracted: string,
): Promise<void> {
  const required = plan.fields.filter((field) => field.required && field.entryField === null);
  if (required.length === 0) return;
  const broken = `${faultsColumn} ?| ${texts(required.map((field) => field.field))}`;
  const found = await client.query(`select from ${extracted} where ${broken} limit 1`);
  if (found.rowCount === 0) return;
  // Tables that share a source table find the same records at the same time.
  await client.query(
    "/* warehouse.lock_rejects */ select pg_advisory_xact_lock(hashtextextended('marquee.rejects.' || $1, 0))",
    [file.id],
  );
  // As the file has them: in its order, each header name matched as the load does, what the feed does not know from `extra`.
  const { rows } = await client.query<{ name: string; column: string | null }>(
    `/* warehouse.reject_columns */
     select listed.name, attname::text as column
     from source.file cross join unnest(header) with ordinality as listed (name, place)
     left join pg_attribute on attrelid = to_regclass($2) and attnum > 0 and not attisdropped
       and atttypid = 'text'::regtype and lower(attname) = lower(listed.name)
     where file.id = $1 order by listed.place`,
    [file.id, `source.${identifier(file.sourceTable)}`],
  );
  const columns = rows.map(({ name, column }) =>
    column === null ? `(s.extra ->> ${literal(name)})` : `s.${identifier(column)}`,
  );
  const quoted = columns.map(
    (column) =>
      `case when ${column} ~ '[",\\n\\r]' then '"' || replace(${column}, '"', '""') || '"' else coalesce(${column}, '') end`,
  );
  const source = `source.${identifier(file.sourceTable)} s`;
  const rejects = `${plan.schema === 'warehouse' ? 'source' : plan.schema}.reject`;
  // The line a record begins on: the first line of its part, and the lines of all records before it in the part.
  await client.query(
    `/* warehouse.insert_rejects */
     with broken as (
       select distinct on (${recordColumn}) ${recordColumn} as record_number, fault.key as field, fault.value
       from ${extracted} cross join lateral jsonb_each_text(${faultsColumn}) as fault (key, value)
       where ${broken} and fault.key = any(${texts(required.map((field) => field.field))})
       order by ${recordColumn}, array_position(${texts(required.map((field) => field.field))}, fault.key)
     ),
     record_lines as (
       select s.record_number,
              1 + sum(length(v.text) - length(replace(v.text, E'\\n', ''))) as line_count
       from ${source} cross join lateral (values ${columns.map((column) => `(coalesce(${column}, ''))`).join(', ')}) as v (text)
       where s.file_id = $1 group by s.record_number
       union all
       select record_number, 1 + length(raw) - length(replace(raw, E'\\n', '')) from source.reject
       where file_id = $1 and raw_encoding = 'text' and reason <> 'key_not_usable'
     ),
     placed as (
       select record_number,
              coalesce(part.first_line, 2)
              + coalesce(sum(line_count) over (partition by part.part_number order by record_number
                         rows between unbounded preceding and 1 preceding), 0) as line_number
       from record_lines
       left join lateral (
         select part_number, first_line from source.part
         where part.file_id = $1 and part.first_record <= record_lines.record_number
         order by first_record desc limit 1
       ) part on true
     )
     insert into ${rejects} (file_id, feed, record_number, line_number, raw, raw_encoding, reason, detail)
     select $1, $2, broken.record_number, placed.line_number, concat_ws(',', ${quoted.join(', ')}), 'text',
            'key_not_usable',
            case when broken.value is null then 'The record has no ' || type_of.source_field || ', which identifies it.'
                 else 'The record''s ' || type_of.source_field || ' is ' || to_json(left(broken.value, 100))
                      || ', expected a value of type ' || type_of.name || '.' end
     from broken
     join placed using (record_number)
     join ${source} on s.file_id = $1 and s.record_number = broken.record_number
     join (values ${required.map((field) => `(${literal(field.field)}, ${literal(field.sourceField)}, ${literal(expectedOf(field))})`).join(', ')})
       as type_of (field, source_field, name) on type_of.field = broken.field
     where not exists (
       select from ${rejects} known
       where known.file_id = $1 and known.record_number = broken.record_number
         and known.reason = 'key_not_usable')
     order by broken.record_number`,
    [file.id, file.feed],
  );
}
