import type { ReportColumn } from '../contract/report-description.js';

/** What a spreadsheet takes for the beginning of a formula (OWASP, "CSV injection"). */
const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;
const NUMBER = /^-?\d+(\.\d+)?$/;

/**
 * A line of CSV (RFC 4180). An unknown value is an empty field, an empty text a quoted one. A text that a spreadsheet
 * would run as a formula gets a `'` in front; numbers stay as they are.
 */
export function csvRecord(values: readonly unknown[]): string {
  return `${values.map(csvField).join(',')}\r\n`;
}

function csvField(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = String(value);
  if (text === '') return '""';
  const safe = FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) || safe !== text || safe.trim() !== safe
    ? `"${safe.replaceAll('"', '""')}"`
    : safe;
}

/** A row as a JSON object under the column names; its numbers are JSON numbers with all their digits. */
export function jsonRecord(columns: readonly ReportColumn[], row: Readonly<Record<string, unknown>>): string {
  const fields = columns.map(({ name, type }) => {
    const value = row[name];
    const exact = (type === 'numeric' || type === 'bigint') && typeof value === 'string';
    return `${JSON.stringify(name)}:${exact ? value : JSON.stringify(value ?? null)}`;
  });
  return `{${fields.join(',')}}`;
}
