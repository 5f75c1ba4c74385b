import { type MappingRow, mappingColumns } from './mapping-row.js';

/** How one field of the warehouse is mapped otherwise. */
export interface MappingDifference {
  /** The field that is filled, as `table.field`. */
  readonly field: string;
  readonly change: 'added' | 'removed' | 'changed' | 'moved';
  /** The cells that differ: before and after. */
  readonly cells: readonly { readonly column: string; readonly before: string; readonly after: string }[];
}

/** What differs between two mappings, field by field in the order of the second. */
export function compareMappings(
  before: readonly MappingRow[],
  after: readonly MappingRow[],
): MappingDifference[] {
  const name = (row: MappingRow) => `${row.end_table}.${row.end_field}`;
  const known = new Map(before.map((row) => [name(row), row]));
  const kept = new Set(after.map(name));
  const differences = after.flatMap((row): MappingDifference[] => {
    const was = known.get(name(row));
    if (was === undefined) return [{ field: name(row), change: 'added', cells: cellsOf(null, row) }];
    const cells = cellsOf(was, row);
    return cells.length === 0 ? [] : [{ field: name(row), change: 'changed', cells }];
  });
  const removed = before
    .filter((row) => !kept.has(name(row)))
    .map((row): MappingDifference => ({ field: name(row), change: 'removed', cells: cellsOf(row, null) }));
  const inBoth = (rows: readonly MappingRow[], others: ReadonlySet<string>) =>
    rows.map(name).filter((field) => others.has(field));
  const order = inBoth(before, kept);
  const moved = inBoth(after, new Set(known.keys())).filter((field, index) => field !== order[index]);
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
