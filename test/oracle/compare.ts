import type { OracleRow } from './oracle-row.js';

/** Rows in a fixed order, so that two reports can be compared. */
export function sorted(rows: readonly OracleRow[]): string[] {
  return rows
    .map((row) =>
      JSON.stringify(Object.fromEntries(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)))),
    )
    .sort();
}
