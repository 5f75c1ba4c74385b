import { identifier } from '../../database/identifier.js';
import {
  canonicalText,
  type FieldType,
  fieldTypes,
  indexedText,
  maskedText,
  transforms,
  trimmed,
} from '../mapping/field-types.js';
import { isPersonal } from '../mapping/mapping.js';
import type { FieldPlan, TablePlan } from '../mapping/table-plan.js';
import { isInRange, rangeText } from '../mapping/value-range.js';
import { entryColumn } from './entry-column.js';

/** The relations from which the rows of one file for a table are read. */
export interface ExtractionSource {
  /** The relation that holds the records of the file and no others: see `findRecords`. */
  readonly records: string;
  /** The relation with the entries of the plan's nested column. */
  readonly entries: string | null;
  /** Whether every number in the file's records is plain digits: `plain_numbers` of the file. */
  readonly plainNumbers: boolean;
  /** The relation `(value, hash_uuid, hash_bigint)` with the hashes of personal values. */
  readonly personalHashes: string | null;
}

/** Columns that the engine adds to the extracted fields; no mapped field begins with an underscore. */
export const recordColumn = '_record';
export const ordinalColumn = '_ordinal';
export const failuresColumn = '_failures';

/**
 * A select that gives one row per record or entry: `_record`, `_ordinal`, the typed fields, and `_failures`, which is null or
 * an object with the raw text of each field that could not be cast (null for a required field without a value).
 */
export function guardedExtraction(plan: TablePlan, source: ExtractionSource): string {
  const fields = plan.fields.map((field, index) => ({ field, raw: `raw_${index}`, cast: `cast_${index}` }));
  // A required value that its transform changes to null counts as missing.
  const failed = fields.map(({ field, raw, cast }) => {
    if (field.required) return `${valid(field, cast)} is null`;
    const isUnusable =
      field.range === null ? `${cast} is null` : `(${cast} is null or ${inRange(field, cast)} is false)`;
    return `(${isPersonal(field) ? sentOf(raw) : `${raw} is not null`} and ${isUnusable})`;
  });
  const failures = fields.map(
    ({ field, raw }, index) =>
      // Personal data must not be stored as the text of a failure.
      `case when ${failed[index]} then jsonb_build_object('${field.field}', ${isPersonal(field) ? `case when ${sentOf(raw)} then '${maskedText}' end` : raw}) else '{}' end`,
  );
  // `offset 0` keeps the planner from repeating each cast in every place that uses its result.
  return `
    select ${recordColumn}, ${ordinalColumn},
           ${fields.map(({ field, cast }) => `${valid(field, cast)} as ${identifier(field.field)}`).join(',\n           ')},
           case when ${failed.join(' or ')} then ${failures.join(' || ')} end as ${failuresColumn}
    from (
      select ${recordColumn}, ${ordinalColumn},
             ${fields.map(({ field, raw, cast }) => `${carried(field, raw)}, ${castsOfType(field).guarded(raw)} as ${cast}`).join(',\n             ')}
      from (
        select ${recordOf(plan)} as ${recordColumn}, ${plan.nested ? 'e.ordinal' : '0'} as ${ordinalColumn},
               ${fields.map(({ field, raw }, index) => `${rawText(field, index)} as ${raw}${isPersonal(field) ? `, ${trimmed(textOf(field))} is not null as ${sentOf(raw)}` : ''}`).join(',\n               ')}
        from ${relations(plan, source)}
        offset 0
      ) read
      offset 0
    ) cast_once`;
}

/**
 * The rows of `guardedExtraction` without `_failures`, by bare casts, which end the statement at the first value that does not
 * fit. Null when the plan has a field without a bare cast. A required field can be null; the caller must check.
 */
export function bareExtraction(plan: TablePlan, source: ExtractionSource): string | null {
  if (plan.fields.some((field) => !castsOf(field).bare || (isPersonal(field) && !field.required)))
    return null;
  const fields = plan.fields.map((field, index) => {
    const text = isPersonal(field) ? hashOf(field, index) : textOf(field);
    const casts = castsOf(field);
    // An escape in a literal can produce a character that the bytes of the file do not contain.
    const cast = (source.plainNumbers && field.entryField === null && casts.plain) || casts.bare!;
    return `${after(field, cast(text))} as ${identifier(field.field)}`;
  });
  const ordinal = plan.nested ? 'e.ordinal' : '0';
  // Not trimmed: a personal value with white space around it then finds no hash and is left to the guarded casts.
  return `
    select ${recordOf(plan)} as ${recordColumn}, ${ordinal} as ${ordinalColumn}, ${fields.join(', ')}
    from ${relations(plan, source, (text) => text)}`;
}

/**
 * One row per key from extracted rows: the last record of the file in a table that keeps versions, the first record in a
 * table that does not.
 */
export function oneRowPerKey(plan: TablePlan, rows: string): string {
  const direction = plan.tableType === 'version' ? 'desc' : 'asc';
  const keys = plan.keys.map(({ field }) => identifier(field)).join(', ');
  return `
    select distinct on (${keys}) ${plan.fields.map(({ field }) => identifier(field)).join(', ')}, ${recordColumn}
    from (${rows}) extracted
    order by ${keys}, ${recordColumn} ${direction}, ${ordinalColumn} ${direction}`;
}

/** The column that states whether a personal field has a value: its raw text is the hash, which is null for an unusable value. */
function sentOf(raw: string): string {
  return `${raw}_sent`;
}

function carried(field: FieldPlan, raw: string): string {
  return isPersonal(field) ? `${raw}, ${sentOf(raw)}` : raw;
}

/** How the texts of a field are cast. A value out of the field's range does not fit. */
export function castsOf(field: FieldPlan): Casts {
  const { guarded, bare, plain } = castsOfType(field);
  if (field.range === null) return { guarded, bare, plain };
  // The range first: a value in it, which nearly every one is, is then cast three times instead of four.
  const fits = (value: string) => `${inRange(field, value)} or (${after(field, value)}) is null`;
  const refusing = (cast: (text: string) => string) => (text: string) => {
    const value = cast(text);
    const type = fieldTypes[field.type]!.catalogName;
    // Not a constant, which the planner would evaluate although no value is out of range.
    return `case when ${fits(value)} then ${value} else (left(${text}, 0) || 'out of range')::integer::text::${type} end`;
  };
  return {
    guarded: (text) => `case when ${fits(guarded(text))} then ${guarded(text)} end`,
    bare: bare && refusing(bare),
    plain: plain && refusing(plain),
  };
}

type Casts = { readonly [cast in 'guarded' | 'bare' | 'plain']: FieldType[cast] | undefined } & Pick<
  FieldType,
  'guarded'
>;

/** The same without the range. */
export function castsOfType(field: FieldPlan): Pick<FieldType, 'guarded' | 'bare' | 'plain'> {
  return (
    transforms[field.transform ?? '']?.cast ?? (isIndexedText(field) ? indexedText : fieldTypes[field.type]!)
  );
}

function isIndexedText({ type, indexed }: FieldPlan): boolean {
  return type === 'text' && indexed;
}

/** What a value of the field must be, for messages. */
export function expectedOf(field: FieldPlan): string {
  const type = isIndexedText(field) ? indexedText.name : field.type;
  const requires = field.required ? transforms[field.transform ?? '']?.requires : undefined;
  const range = field.range === null ? undefined : rangeText(field.range);
  return [type, requires, range].filter((part) => part !== undefined).join(' ');
}

function after(field: FieldPlan, value: string): string {
  return transforms[field.transform ?? '']?.after?.(value) ?? value;
}

/** The condition that a cast value is in the range of its field; null for a null value. */
function inRange(field: FieldPlan, cast: string): string {
  return isInRange(field.range!, field.type, `(${after(field, cast)})`);
}

/** The value of a field from its cast; null out of the field's range. */
function valid(field: FieldPlan, cast: string): string {
  const value = after(field, cast);
  return field.range === null ? value : `case when ${inRange(field, cast)} then ${value} end`;
}

function textOf(field: FieldPlan): string {
  return field.entryField === null ? field.sourceColumn : `e.${identifier(entryColumn(field.entryField))}`;
}

function rawText(field: FieldPlan, index: number): string {
  return isPersonal(field) ? hashOf(field, index) : sentText(field, textOf(field));
}

/** The text of a field that is cast; null when it is empty. */
export function sentText({ type }: FieldPlan, text: string): string {
  return fieldTypes[type]!.keepsBlanks ? `nullif(${text}, '')` : trimmed(text);
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
 * The condition that a row `e` of a relation of entries is an entry for a plan that reads only entries. It excludes record 0,
 * which marks a complete staging table, and the entries of rejected records.
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

/** The condition that a record `s` has no usable value for the field. */
export function lacks(field: FieldPlan): string {
  const text = trimmed(field.sourceColumn);
  if (isPersonal(field)) return `${canonicalText(field.type, text)} is null`;
  const cast = castsOf(field).guarded(sentText(field, field.sourceColumn));
  return `${after(field, `(${cast})`)} is null`;
}

/** The same by the bare cast, which ends the statement at a text that does not fit; null for a type without a bare cast. */
export function lacksBare(field: FieldPlan): string | null {
  if (isPersonal(field) && field.type === 'uuid') return lacks(field);
  const { bare } = isPersonal(field) ? fieldTypes[field.type]! : castsOf(field);
  return bare === undefined ? null : `${after(field, bare(field.sourceColumn))} is null`;
}
