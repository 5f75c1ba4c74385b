import { literal } from '../../database/identifier.js';
import { fieldTypes } from './field-types.js';
import type { MappingRow } from './mapping-row.js';

/** The values that a field may have: a range with both ends included, or a set. Ends and members are texts of the field's type. */
export interface ValueRange {
  readonly min: string | null;
  readonly max: string | null;
  readonly allowed: readonly string[] | null;
}

/** What separates the members of a set in a mapping row. */
const separator = '|';

/** The texts of a type's values, as far as a range may name them. Text is not ordered: it has sets only. */
const boundPatterns: Readonly<Record<string, RegExp>> = {
  integer: /^-?[0-9]{1,9}$/,
  bigint: /^-?[0-9]{1,18}$/,
  numeric: /^-?[0-9]{1,40}([.][0-9]{1,40})?$/,
  date: /^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$/,
};

/** The range of a mapping row; null when every value of the type is valid. */
export function rangeOf({ min, max, allowed }: MappingRow): ValueRange | null {
  if (min === null && max === null && allowed === null) return null;
  return { min, max, allowed: allowed === null ? null : membersOf(allowed) };
}

function membersOf(allowed: string): string[] {
  return allowed.split(separator).map((member) => member.trim());
}

/** An SQL condition that a value of the type is in the range; null for a null value. */
export function isInRange(range: ValueRange, type: string, value: string): string {
  const cast = (text: string) => `${literal(text)}::${fieldTypes[type]!.catalogName}`;
  const conditions = [
    ...(range.min === null ? [] : [`${value} >= ${cast(range.min)}`]),
    ...(range.max === null ? [] : [`${value} <= ${cast(range.max)}`]),
    ...(range.allowed === null ? [] : [`${value} in (${range.allowed.map(cast).join(', ')})`]),
  ];
  return `(${conditions.join(' and ')})`;
}

/** The range as it follows the type's name in a message, for example `from 0.5 to 5`. */
export function rangeText({ min, max, allowed }: ValueRange): string {
  if (allowed !== null) return `out of ${allowed.join(', ')}`;
  if (min !== null && max !== null) return `from ${min} to ${max}`;
  return min !== null ? `of at least ${min}` : `of at most ${max}`;
}

/** What is wrong with the range of a mapping row, as half a sentence; null when nothing is. */
export function findRangeFault(row: MappingRow): string | null {
  const { min, max, allowed, end_data_type: type } = row;
  if (min === null && max === null && allowed === null) return null;
  if (row.transform === 'pii_hash') return 'a field with personal data is hashed and has no range';
  if (allowed !== null && (min !== null || max !== null)) {
    return 'a field has either a range (min, max) or a set (allowed), not both';
  }
  const pattern = boundPatterns[type];
  if (allowed === null) {
    if (pattern === undefined) return `a field of type ${type} has no range`;
    const wrong = [min, max].find((bound) => bound !== null && !isValue(type, bound));
    if (wrong !== undefined) return `${JSON.stringify(wrong)} is not a plain ${type}`;
    return min !== null && max !== null && isGreater(type, min, max)
      ? `min ${min} is greater than max ${max}`
      : null;
  }
  if (type !== 'text' && pattern === undefined) return `a field of type ${type} has no set`;
  const wrong = membersOf(allowed).find((member) => !isValue(type, member));
  return wrong === undefined ? null : `${JSON.stringify(wrong)} is not a plain ${type}`;
}

function isValue(type: string, text: string): boolean {
  if (type === 'text') return text !== '';
  if (!boundPatterns[type]!.test(text)) return false;
  if (type !== 'date') return true;
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text) && !text.startsWith('0000');
}

function isGreater(type: string, one: string, other: string): boolean {
  return type === 'date' ? one > other : Number(one) > Number(other);
}
