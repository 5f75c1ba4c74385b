import type { ReportColumn } from '../contract/report-description.js';

/** Writes a row as a JSON object with the column names as keys. Numbers are JSON numbers with all their digits. */
export function jsonRecord(columns: readonly ReportColumn[], row: Readonly<Record<string, unknown>>): string {
  const fields = columns.map(({ name, type }) => {
    const value = row[name];
    const exact = (type === 'numeric' || type === 'bigint') && typeof value === 'string';
    return `${JSON.stringify(name)}:${exact ? value : JSON.stringify(value ?? null)}`;
  });
  return `{${fields.join(',')}}`;
}
