import type { Catalog } from '../tables/catalog.js';
import { personalDataTransform } from './field-types.js';
import type { MappingComplaint } from './mapping-error.js';
import { followKeys, type MappingRow, targetFieldOf } from './mapping-row.js';

/**
 * What a new mapping must not contain. The same content is accepted when the current mapping already has it, so that
 * mappings from before these rules can still be read.
 * @param current the rows that these will replace
 */
export function checkTransition(
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
 * A unique index allows a table one live row per key. Under another key, loading would fail at the first row that the index
 * rejects, which may be months later.
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
    const message = `The key of table ${table} is ${key.join(', ')}, expected ${live.join(', ')}: the table has one live row for each of these.`;
    return [{ position: null, column: 'is_key', code: 'mapping_key', message }];
  });
}

/** Neither a file nor a rebuild may change the codes that a table has from a standard; only reference tables ensure that. */
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

/** A source field that one row hashes may not be read unhashed by another. A nested column counts as all of its fields. */
function checkPersonalData(rows: readonly MappingRow[], current: readonly MappingRow[]): MappingComplaint[] {
  const followed = followKeys(rows);
  const known = new Set(followKeys(current).map(readingOf));
  const hashed = followed.flatMap((row, index) =>
    row.transform === personalDataTransform ? [{ row, index }] : [],
  );
  return followed.flatMap((row, index): MappingComplaint[] => {
    const same = hashed.find(
      (other) =>
        row.source_table === other.row.source_table && overlap(row.source_field, other.row.source_field),
    );
    if (same === undefined || row.transform === personalDataTransform || known.has(readingOf(row))) return [];
    const message = `Row ${index + 1}: row ${same.index + 1} marks ${row.source_field} as personal data, so it may leave ${row.source_table} only as a hash; set transform to ${personalDataTransform} here too.`;
    return [{ position: index + 1, column: 'transform', code: 'mapping_personal', message }];
  });
}

/** Which field a row fills from which source field, and by which transform. */
const readingOf = (row: MappingRow) =>
  [targetFieldOf(row), row.source_table, row.source_field, row.transform].join(' ');

const overlap = (field: string, other: string) =>
  field === other || field.startsWith(`${other}.`) || other.startsWith(`${field}.`);
