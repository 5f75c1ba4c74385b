import { type MappingRow, mappingColumns, targetFieldOf } from './mapping-row.js';

/** How the mapping of one warehouse field differs. */
export interface MappingDifference {
  /** The field that is filled, as `table.field`. */
  readonly field: string;
  readonly change: 'added' | 'removed' | 'changed' | 'moved';
  /** The cells that differ, with their text before and after. */
  readonly cells: readonly { readonly column: string; readonly before: string; readonly after: string }[];
}

/** What differs between two mappings, field by field in the order of the second; fields that were removed come after. */
export function compareMappings(
  before: readonly MappingRow[],
  after: readonly MappingRow[],
): MappingDifference[] {
  const rowBefore = new Map(before.map((row) => [targetFieldOf(row), row]));
  const kept = new Set(after.map(targetFieldOf));
  const differences = after.flatMap((row): MappingDifference[] => {
    const field = targetFieldOf(row);
    const was = rowBefore.get(field);
    if (was === undefined) return [{ field, change: 'added', cells: cellsOf(null, row) }];
    const cells = cellsOf(was, row);
    return cells.length === 0 ? [] : [{ field, change: 'changed', cells }];
  });
  const removed = before
    .filter((row) => !kept.has(targetFieldOf(row)))
    .map(
      (row): MappingDifference => ({
        field: targetFieldOf(row),
        change: 'removed',
        cells: cellsOf(row, null),
      }),
    );
  const inBoth = (rows: readonly MappingRow[], others: ReadonlySet<string>) =>
    rows.map(targetFieldOf).filter((field) => others.has(field));
  const order = inBoth(before, kept);
  const moved = inBoth(after, new Set(rowBefore.keys())).filter((field, index) => field !== order[index]);
  return [
    ...differences,
    ...removed,
    ...moved.map((field): MappingDifference => ({ field, change: 'moved', cells: [] })),
  ];
}

function cellsOf(before: MappingRow | null, after: MappingRow | null) {
  const text = (row: MappingRow | null, column: (typeof mappingColumns)[number]) =>
    String(row?.[column] ?? '');
  return mappingColumns
    .map((column) => ({ column, before: text(before, column), after: text(after, column) }))
    .filter((cell) => cell.before !== cell.after);
}
