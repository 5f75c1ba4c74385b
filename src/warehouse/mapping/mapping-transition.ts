import type { Catalog } from '../tables/catalog.js';
import { personalDataTransform } from './field-types.js';
import type { MappingComplaint } from './mapping-error.js';
import { followKeys, type MappingRow } from './mapping-row.js';

/**
 * What is refused of rows that are to become the current mapping, and read as it is where the current one has it already.
 * @param current the rows that these are to replace
 */
export function refuseNew(
  rows: readonly MappingRow[],
  catalog: Catalog,
  current: readonly MappingRow[],
): MappingComplaint[] {
  return [
    ...checkLiveKeys(rows, catalog, current),
    ...checkStandards(rows, catalog, current),
    ...checkPersonalData(rows, current),
  ];
}

/**
 * A table has one live row per key by an index of its own: files read under another key would fail one day, at the first
 * row that the index refuses.
 */
function checkLiveKeys(
  rows: readonly MappingRow[],
  catalog: Catalog,
  current: readonly MappingRow[],
): MappingComplaint[] {
  const keyOf = (mapping: readonly MappingRow[], table: string) =>
    mapping.flatMap((row) => (row.end_table === table && row.is_key ? [row.end_field] : [])).sort();
  return [...new Set(rows.map((row) => row.end_table))].flatMap((table): MappingComplaint[] => {
    const live = catalog.targets.get(table)?.liveKey;
    const key = keyOf(rows, table);
    if (!live || key.length === 0) return [];
    const isKnown = key.join() === keyOf(current, table).join();
    if (isKnown || key.join() === [...live].sort().join()) return [];
    const message = `The key of table ${table} is ${key.join(', ')}, expected ${live.join(', ')}, by which it has one live row each.`;
    return [{ position: null, column: 'is_key', code: 'mapping_key', message }];
  });
}

/** What a table holds of a standard is no file's to change, nor a rebuild's to leave out. */
function checkStandards(
  rows: readonly MappingRow[],
  catalog: Catalog,
  current: readonly MappingRow[],
): MappingComplaint[] {
  const known = new Set(current.map((row) => `${row.end_table} ${row.table_type}`));
  const tables = new Map(rows.map((row) => [row.end_table, row.table_type]));
  return [...tables].flatMap(([table, type]): MappingComplaint[] => {
    const marks = catalog.targets.get(table)?.marksStandard ?? false;
    if (!marks || type === 'reference' || known.has(`${table} ${type}`)) return [];
    const message = `${table} holds the codes of a standard, so its table_type is reference, not ${type}.`;
    return [{ position: null, column: 'table_type', code: 'mapping_reference', message }];
  });
}

/** What one row hashes since it is personal data, no other may let out as it is; a nested column is all of its fields. */
function checkPersonalData(rows: readonly MappingRow[], current: readonly MappingRow[]): MappingComplaint[] {
  const read = followKeys(rows);
  const known = new Set(followKeys(current).map(sourceOf));
  const hashed = read.flatMap((row, index) =>
    row.transform === personalDataTransform ? [{ row, index }] : [],
  );
  return read.flatMap((row, index): MappingComplaint[] => {
    const same = hashed.find(
      (other) =>
        row.source_table === other.row.source_table && overlap(row.source_field, other.row.source_field),
    );
    if (same === undefined || row.transform === personalDataTransform || known.has(sourceOf(row))) return [];
    const message = `Row ${index + 1}: ${row.source_field} is personal data by row ${same.index + 1}, so it may leave ${row.source_table} as a hash only; have it hashed here too, by ${personalDataTransform}.`;
    return [{ position: index + 1, column: 'transform', code: 'mapping_personal', message }];
  });
}

/** Where a row fills what from, and whether as it is. */
const sourceOf = (row: MappingRow) =>
  [row.end_table, row.end_field, row.source_table, row.source_field, row.transform].join(' ');

const overlap = (field: string, other: string) =>
  field === other || field.startsWith(`${other}.`) || other.startsWith(`${field}.`);
