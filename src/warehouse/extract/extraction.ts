import { identifier } from '../../database/identifier.js';
import { type FieldType, fieldTypes, indexedText, transforms, trimmed } from '../mapping/field-types.js';
import { isPersonal } from '../mapping/mapping.js';
import type { FieldPlan, TablePlan } from '../mapping/table-plan.js';
import { entryColumn } from './entry-column.js';

/** Where one file's rows for a table are read from. */
export interface ExtractionSource {
  /** The relation that holds its records and no others: see `findRecords`. */
  readonly records: string;
  /** The relation with the entries of the plan's nested column. */
  readonly entries: string | null;
  /** Whether a number in the file's records is plain digits or none at all: `plain_numbers` of its survey. */
  readonly plainNumbers: boolean;
  /** The relation `(value, hash_uuid, hash_bigint)` with the hashes of personal values. */
  readonly personalHashes: string | null;
}

/** Columns the engine adds to what it extracts; no mapped field begins with an underscore. */
export const recordColumn = '_record';
export const ordinalColumn = '_ordinal';
export const faultsColumn = '_faults';

/**
 * A select that gives one row per record or entry: `_record`, `_ordinal`, the typed fields, and `_faults`: null, or an
 * object with the raw text of each field that could not be cast (null for a required one that was missing).
 */
export function guardedExtraction(plan: TablePlan, source: ExtractionSource): string {
  const fields = plan.fields.map((field, index) => ({ field, raw: `raw_${index}`, cast: `cast_${index}` }));
  // A key that its transform makes null is none.
  const faulty = fields.map(({ field, raw, cast }) =>
    field.required ? `${after(field, cast)} is null` : `(${raw} is not null and ${cast} is null)`,
  );
  const faults = fields.map(
    ({ field, raw }, index) =>
      // Nothing of a person's data goes into a fault.
      `case when ${faulty[index]} then jsonb_build_object('${field.field}', ${isPersonal(field) ? 'null' : raw}) else '{}' end`,
  );
  // `offset 0` keeps the planner from repeating each cast in every place that uses its result.
  return `
    select ${recordColumn}, ${ordinalColumn},
           ${fields.map(({ field, cast }) => `${after(field, cast)} as ${identifier(field.field)}`).join(',\n           ')},
           case when ${faulty.join(' or ')} then ${faults.join(' || ')} end as ${faultsColumn}
    from (
      select ${recordColumn}, ${ordinalColumn},
             ${fields.map(({ field, raw, cast }) => `${raw}, ${castsOf(field).guarded(raw)} as ${cast}`).join(',\n             ')}
      from (
        select ${recordOf(plan)} as ${recordColumn}, ${plan.nested ? 'e.ordinal' : '0'} as ${ordinalColumn},
               ${fields.map(({ field, raw }, index) => `${rawText(field, index)} as ${raw}`).join(',\n               ')}
        from ${relations(plan, source)}
        offset 0
      ) read
      offset 0
    ) cast_once`;
}

/**
 * The rows of `guardedExtraction` without `_faults`, by casts that end the statement at the first value that does not
 * fit; null when the plan has a field without such a cast. A required field may come out as null: whoever asks looks.
 */
export function bareExtraction(plan: TablePlan, source: ExtractionSource): string | null {
  if (plan.fields.some((field) => !castsOf(field).bare || (isPersonal(field) && !field.required)))
    return null;
  const fields = plan.fields.map((field, index) => {
    const text = isPersonal(field) ? hashOf(field, index) : textOf(field);
    const casts = castsOf(field);
    // A literal may write any character by an escape that the file's bytes do not show.
    const cast = (source.plainNumbers && field.entryField === null && casts.plain) || casts.bare!;
    return `${after(field, cast(text))} as ${identifier(field.field)}`;
  });
  const ordinal = plan.nested ? 'e.ordinal' : '0';
  // Without `trimmed` a personal value with blanks around it finds no hash, and so is left to the guarded way.
  return `
    select ${recordOf(plan)} as ${recordColumn}, ${ordinal} as ${ordinalColumn}, ${fields.join(', ')}
    from ${relations(plan, source, (text) => text)}`;
}

/**
 * The one row per key that a file says, from extracted rows: the last record wins, where the table keeps versions; the
 * first one stays, where it does not.
 */
export function lastOfEach(plan: TablePlan, rows: string): string {
  const direction = plan.tableType === 'version' ? 'desc' : 'asc';
  const keys = plan.keys.map(({ field }) => identifier(field)).join(', ');
  return `
    select distinct on (${keys}) ${plan.fields.map(({ field }) => identifier(field)).join(', ')}, ${recordColumn}
    from (${rows}) extracted
    order by ${keys}, ${recordColumn} ${direction}, ${ordinalColumn} ${direction}`;
}

function castsOf(field: FieldPlan): Pick<FieldType, 'guarded' | 'bare' | 'plain'> {
  return (
    transforms[field.transform ?? '']?.cast ?? (isIndexedText(field) ? indexedText : fieldTypes[field.type]!)
  );
}

function isIndexedText({ type, indexed }: FieldPlan): boolean {
  return type === 'text' && indexed;
}

/** What a value of the field has to be, for messages. */
export function expectedOf(field: FieldPlan): string {
  const type = isIndexedText(field) ? indexedText.name : field.type;
  const unless = field.required ? transforms[field.transform ?? '']?.unless : undefined;
  return unless === undefined ? type : `${type} ${unless}`;
}

function after(field: FieldPlan, value: string): string {
  return transforms[field.transform ?? '']?.after?.(value) ?? value;
}

function textOf(field: FieldPlan): string {
  return field.entryField === null ? field.sourceColumn : `e.${identifier(entryColumn(field.entryField))}`;
}

function rawText(field: FieldPlan, index: number): string {
  if (isPersonal(field)) return hashOf(field, index);
  const text = textOf(field);
  return fieldTypes[field.type]!.keepsBlanks ? `nullif(${text}, '')` : trimmed(text);
}

function hashOf(field: FieldPlan, index: number): string {
  return `p${index}.${identifier(`hash_${field.type}`)}`;
}

function needsRecord(plan: TablePlan): boolean {
  return plan.nested === null || plan.fields.some((field) => field.entryField === null);
}

function recordOf(plan: TablePlan): string {
  return needsRecord(plan) ? 's.record_number' : 'e.record_number';
}

function relations(plan: TablePlan, source: ExtractionSource, toHash = trimmed): string {
  const record = `${source.records} s`;
  const hashes = plan.fields.flatMap((field, index) =>
    isPersonal(field)
      ? [`left join ${source.personalHashes} p${index} on p${index}.value = ${toHash(textOf(field))}`]
      : [],
  );
  const from =
    plan.nested === null
      ? record
      : needsRecord(plan)
        ? `${record} join ${source.entries} e on e.record_number = s.record_number`
        : `${source.entries} e`;
  const where = needsRecord(plan) ? '' : `where ${isEntryOf(plan, source)}`;
  return `${from} ${hashes.join(' ')} ${where}`;
}

/**
 * The condition that a row `e` of a relation of entries is one for a plan that takes nothing but entries: not the mark
 * that closes a staging table, which is record 0, and of no record that is rejected.
 */
export function isEntryOf(plan: TablePlan, source: ExtractionSource): string {
  const rejected =
    plan.recordFields.length === 0
      ? ''
      : `and not exists (
           select from ${source.records} s
           where s.record_number = e.record_number and (${plan.recordFields.map(lacks).join(' or ')}))`;
  return `e.record_number > 0 ${rejected}`;
}

/** The condition that a record `s` has no value of the field's type for it. */
export function lacks(field: FieldPlan): string {
  const text = trimmed(field.sourceColumn);
  // What is hashed is any text.
  if (isPersonal(field)) return `${text} is null`;
  const cast = castsOf(field).guarded(
    fieldTypes[field.type]!.keepsBlanks ? `nullif(${field.sourceColumn}, '')` : text,
  );
  return `${after(field, `(${cast})`)} is null`;
}

/** The same by the cast that ends the statement at a text it does not take; null where there is none. */
export function lacksBare(field: FieldPlan): string | null {
  if (isPersonal(field)) return lacks(field);
  const { bare } = castsOf(field);
  return bare === undefined ? null : `${after(field, bare(field.sourceColumn))} is null`;
}
