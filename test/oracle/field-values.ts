import { Fraction } from './fraction.js';

/** A four-byte integer, written as `862`, `+862` or, in columns with gaps, `862.0`; null for anything else. */
export function wholeNumber(text: string | null | undefined): number | null {
  const digits = /^([+-]?\d{1,40})(\.0*)?$/.exec(trimmed(text))?.[1];
  if (digits === undefined) return null;
  const value = BigInt(digits.replace('+', ''));
  return value >= -(2n ** 31n) && value < 2n ** 31n ? Number(value) : null;
}

/** A decimal number, with or without an exponent; null for anything else, including NaN. */
export function decimal(text: string | null | undefined): Fraction | null {
  const value = trimmed(text);
  if (value.length > 200 || /[eE][+-]?\d{4,}$/.test(value)) return null;
  return Fraction.parse(value) ?? null;
}

/** A calendar day, written as YYYY-MM-DD; null for anything else. */
export function day(text: string | null | undefined): string | null {
  const value = trimmed(text);
  if (!/^\d{4}-\d\d-\d\d$/.test(value)) return null;
  const parsed = new Date(`${value}T00:00:00Z`);
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(value) ? value : null;
}

/** Python's True and False, and other common notations; null for anything else. */
export function truth(text: string | null | undefined): boolean | null {
  const value = trimmed(text).toLowerCase();
  if (['true', 't', 'yes', 'y', '1'].includes(value)) return true;
  return ['false', 'f', 'no', 'n', '0'].includes(value) ? false : null;
}

/** The text without surrounding white space. */
export function trimmed(text: string | null | undefined): string {
  return (text ?? '').replace(/^[ \t\r\n\f\v]+|[ \t\r\n\f\v]+$/g, '');
}
