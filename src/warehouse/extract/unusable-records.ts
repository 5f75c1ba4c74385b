import type { PoolClient } from 'pg';
import { identifier, literal } from '../../database/identifier.js';
import type { FieldPlan, TablePlan } from '../mapping/table-plan.js';
import { expectedOf, failuresColumn, recordColumn } from './extraction.js';
import type { SourceFile } from './source-file.js';

/** The names of fields as an SQL array of texts. */
export function textArray(fields: readonly FieldPlan[]): string {
  return `array[${fields.map(({ field }) => literal(field)).join(', ')}]::text[]`;
}

/** The condition that one of the fields of an extracted row could not be cast. */
export function hasFailureOf(fields: readonly FieldPlan[]): string {
  return `${failuresColumn} ?| ${textArray(fields)}`;
}

interface Extracted {
  /** A relation as `guardedExtraction` gives it. */
  readonly extracted: string;
  /** The fields without which a record is rejected. */
  readonly required: readonly FieldPlan[];
}

/** Writes a reject for each record without a usable key, with the record written as CSV again from its fields. */
export async function writeRejects(
  client: PoolClient,
  plan: TablePlan,
  file: SourceFile,
  { extracted, required }: Extracted,
): Promise<void> {
  if (required.length === 0) return;
  const found = await client.query(
    `/* warehouse.find_rejects */ select from ${extracted} where ${hasFailureOf(required)} limit 1`,
  );
  if (found.rowCount === 0) return;
  // Tables that share a source table find the same records at the same time.
  await client.query(
    "/* warehouse.lock_rejects */ select pg_advisory_xact_lock(hashtextextended('marquee.rejects.' || $1, 0))",
    [file.id],
  );
  const columns = await recordColumns(client, file);
  const source = `source.${identifier(file.sourceTable)} s`;
  const rejects = `${plan.schema === 'warehouse' ? 'source' : plan.schema}.reject`;
  const fields = required.map(
    (field) => `(${literal(field.field)}, ${literal(field.sourceField)}, ${literal(expectedOf(field))})`,
  );
  await client.query(
    `/* warehouse.insert_rejects */
     with broken as (${firstFailures(extracted, required)}),
     record_lines as (${recordLines(source, columns)}),
     placed as (${firstLines})
     insert into ${rejects} (file_id, feed, record_number, line_number, raw, raw_encoding, reason, detail)
     select $1, $2, broken.record_number, placed.line_number, ${asCsv(columns)}, 'text', 'key_not_usable',
            case when broken.value is null
                 then 'The record has no ' || expected.source_field || ', which identifies it.'
                 else 'The record''s ' || expected.source_field || ' is ' || to_json(left(broken.value, 100))
                      || ', expected a value of type ' || expected.type || '.' end
     from broken
     join placed using (record_number)
     join ${source} on s.file_id = $1 and s.record_number = broken.record_number
     join (values ${fields.join(', ')}) as expected (field, source_field, type) on expected.field = broken.field
     where not exists (
       select from ${rejects} known
       where known.file_id = $1 and known.record_number = broken.record_number
         and known.reason = 'key_not_usable')
     order by broken.record_number`,
    [file.id, file.feed],
  );
}

/** One row per rejected record: the first of its required fields that failed, and its text. */
function firstFailures(extracted: string, required: readonly FieldPlan[]): string {
  const fields = textArray(required);
  return `
       select distinct on (${recordColumn}) ${recordColumn} as record_number, failure.field, failure.value
       from ${extracted} cross join lateral jsonb_each_text(${failuresColumn}) as failure (field, value)
       where ${hasFailureOf(required)} and failure.field = any(${fields})
       order by ${recordColumn}, array_position(${fields}, failure.field)`;
}

/** The number of lines of each record in the file, including the records that the load rejected. */
function recordLines(source: string, columns: readonly string[]): string {
  return `
       select s.record_number,
              1 + sum(length(v.text) - length(replace(v.text, E'\\n', ''))) as line_count
       from ${source} cross join lateral (values ${columns.map((column) => `(coalesce(${column}, ''))`).join(', ')}) as v (text)
       where s.file_id = $1 group by s.record_number
       union all
       select record_number, 1 + length(raw) - length(replace(raw, E'\\n', '')) from source.reject
       where file_id = $1 and raw_encoding <> 'base64' and reason <> 'key_not_usable'`;
}

/** The line on which each record begins: the first line of its part plus the lines of the part's records before it. */
const firstLines = `
       select record_number,
              coalesce(part.first_line, 2)
              + coalesce(sum(line_count) over (partition by part.part_number order by record_number
                         rows between unbounded preceding and 1 preceding), 0) as line_number
       from record_lines
       left join lateral (
         select part_number, first_line from source.part
         where part.file_id = $1 and part.first_record <= record_lines.record_number
         order by first_record desc limit 1
       ) part on true`;

/**
 * The fields of a record as expressions on `s`, in the order of the file. Column names match in any case, as they do in the
 * load; a column that the feed does not have is in `extra`.
 */
async function recordColumns(client: PoolClient, file: SourceFile): Promise<string[]> {
  const { rows } = await client.query<{ name: string; column: string | null }>(
    `/* warehouse.record_columns */
     select listed.name, attname::text as column
     from source.file cross join unnest(header) with ordinality as listed (name, place)
     left join pg_attribute on attrelid = to_regclass($2) and attnum > 0 and not attisdropped
       and atttypid = 'text'::regtype and lower(attname) = lower(listed.name)
     where file.id = $1 order by listed.place`,
    [file.id, `source.${identifier(file.sourceTable)}`],
  );
  return rows.map(({ name, column }) =>
    column === null ? `(s.extra ->> ${literal(name)})` : `s.${identifier(column)}`,
  );
}

function asCsv(columns: readonly string[]): string {
  const quoted = columns.map(
    (column) =>
      `case when ${column} ~ '[",\\n\\r]' then '"' || replace(${column}, '"', '""') || '"' else coalesce(${column}, '') end`,
  );
  return `concat_ws(',', ${quoted.join(', ')})`;
}
