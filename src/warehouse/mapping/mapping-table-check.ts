import type { Catalog, TargetTable } from '../tables/catalog.js';
import type { MappingComplaint } from './mapping-error.js';
import type { MappingRow } from './mapping-row.js';

/** A row with its place in the mapping, from 1. */
interface PlacedRow {
  readonly row: MappingRow;
  readonly position: number;
}

/** What is wrong with the rows of each table when they are looked at together. */
export function checkTables(rows: readonly MappingRow[], catalog: Catalog): MappingComplaint[] {
  return [...rowsByTable(rows)].flatMap(([table, placed]) => {
    const target = catalog.targets.get(table);
    return [
      ...checkDuplicates(table, placed),
      ...checkContradictions(table, placed),
      ...checkNestedColumns(table, placed),
      ...checkKey(table, placed),
      ...checkRequiredFields(table, placed, target),
      ...checkReference(table, placed, target),
    ];
  });
}

function rowsByTable(rows: readonly MappingRow[]): Map<string, PlacedRow[]> {
  const tables = new Map<string, PlacedRow[]>();
  for (const [index, row] of rows.entries()) {
    const placed = tables.get(row.end_table) ?? [];
    tables.set(row.end_table, placed);
    placed.push({ row, position: index + 1 });
  }
  return tables;
}

function checkDuplicates(table: string, placed: readonly PlacedRow[]): MappingComplaint[] {
  const filledBy = new Map<string, number>();
  return placed.flatMap(({ row, position }) => {
    const before = filledBy.get(row.end_field);
    filledBy.set(row.end_field, position);
    if (before === undefined) return [];
    return [
      atRow(position, 'end_field', 'mapping_twice', `row ${before} already fills ${table}.${row.end_field}.`),
    ];
  });
}

function checkContradictions(table: string, placed: readonly PlacedRow[]): MappingComplaint[] {
  const first = placed[0]!;
  const columns = ['table_type', 'source_table', 'retire_missing'] as const;
  return placed.flatMap(({ row, position }) =>
    columns
      .filter((column) => row[column] !== first.row[column])
      .map((column) =>
        atRow(
          position,
          column,
          'mapping_contradiction',
          `${column} of table ${table} is ${row[column]}, but row ${first.position} says ${first.row[column]}.`,
        ),
      ),
  );
}

function checkNestedColumns(table: string, placed: readonly PlacedRow[]): MappingComplaint[] {
  const nested = new Set(
    placed.flatMap(({ row }) => (row.source_field.includes('.') ? [row.source_field.split('.')[0]!] : [])),
  );
  if (nested.size <= 1) return [];
  const message = `Table ${table} takes entries of ${[...nested].join(' and ')}, expected one nested column.`;
  return [{ position: null, column: 'source_field', code: 'mapping_nested', message }];
}

function checkKey(table: string, placed: readonly PlacedRow[]): MappingComplaint[] {
  if (placed.some(({ row }) => row.is_key)) return [];
  const message = `Table ${table} has no key field; mark the fields of its natural key.`;
  return [{ position: null, column: 'is_key', code: 'mapping_key', message }];
}

function checkRequiredFields(
  table: string,
  placed: readonly PlacedRow[],
  target: TargetTable | undefined,
): MappingComplaint[] {
  const filled = new Set(placed.map(({ row }) => row.end_field));
  return [...(target?.columns ?? [])]
    .filter(([field, { required }]) => required && !filled.has(field))
    .map(([field]) => ({
      position: null,
      column: 'end_field',
      code: 'mapping_required',
      message: `Table ${table} requires ${field}; add a row that fills it.`,
    }));
}

function checkReference(
  table: string,
  placed: readonly PlacedRow[],
  target: TargetTable | undefined,
): MappingComplaint[] {
  const { row, position } = placed[0]!;
  if (row.table_type !== 'reference' || target?.marksStandard !== false) return [];
  const message = `${table} has no column standard, so it cannot be a reference table.`;
  return [atRow(position, 'table_type', 'mapping_reference', message)];
}

function atRow(position: number, column: keyof MappingRow, code: string, message: string): MappingComplaint {
  return { position, column, code, message: `Row ${position}: ${message}` };
}
