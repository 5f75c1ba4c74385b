/** How a spreadsheet recognizes a formula (OWASP, "CSV injection"); the last four are the full-width forms. */
const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;
const NUMBER = /^-?\d+(\.\d+)?$/;

/**
 * Writes one record of CSV (RFC 4180). A null is an empty field, an empty text is `""`. A text that a spreadsheet would
 * run as a formula gets a `'` in front; numbers stay as they are.
 *
 * This does not use fast-csv, because its writer cannot quote a single field: null and empty text would look the same.
 */
export function csvRecord(values: readonly unknown[], lineEnd: '\n' | '\r\n'): string {
  return `${values.map(csvField).join(',')}${lineEnd}`;
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
