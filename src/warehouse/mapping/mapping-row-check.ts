import type { Catalog } from '../tables/catalog.js';
import { fieldTypes, transforms } from './field-types.js';
import type { MappingComplaint } from './mapping-error.js';
import { columnOf, type MappingRow, sourceColumnOf } from './mapping-row.js';
import { findRangeFault } from './value-range.js';

type Complaint = Pick<MappingComplaint, 'column' | 'code' | 'message'>;

/**
 * What is wrong with one row when it is compared with the tables that exist.
 * @param renamed source columns, with their table, that replace one that is no longer read
 */
export function checkRow(
  row: MappingRow,
  position: number,
  catalog: Catalog,
  renamed: ReadonlySet<string>,
): MappingComplaint[] {
  return [checkTarget(row, catalog), checkTransform(row), checkRange(row), checkSource(row, catalog, renamed)]
    .filter((complaint) => complaint !== null)
    .map((complaint) => ({ ...complaint, position, message: `Row ${position}: ${complaint.message}` }));
}

function checkTarget(row: MappingRow, catalog: Catalog): Complaint | null {
  const { end_table: table, end_field: field, end_data_type: type } = row;
  const target = catalog.targets.get(table);
  if (target === undefined) {
    return {
      column: 'end_table',
      code: 'mapping_table',
      message: `the table warehouse.${table} does not exist; name one that exists or add it by a migration.`,
    };
  }
  const found = target.columns.get(field);
  if (found === undefined) {
    return {
      column: 'end_field',
      code: 'mapping_field',
      message: `warehouse.${table} has no field ${field} to fill, expected one of ${[...target.columns.keys()].join(', ')}.`,
    };
  }
  if (found.type === fieldTypes[type]!.catalogName) return null;
  return {
    column: 'end_data_type',
    code: 'mapping_type',
    message: `warehouse.${table}.${field} is of type ${found.type}, not ${type}.`,
  };
}

function checkTransform({ transform: name, end_data_type: type }: MappingRow): Complaint | null {
  const transform = name === null ? undefined : transforms[name];
  if (transform === undefined || transform.types.includes(type)) return null;
  return {
    column: 'transform',
    code: 'mapping_transform',
    message: `${name} gives ${transform.types.join(' or ')}, not ${type}.`,
  };
}

function checkRange(row: MappingRow): Complaint | null {
  const fault = findRangeFault(row);
  if (fault === null) return null;
  return { column: row.allowed === null ? 'min' : 'allowed', code: 'mapping_range', message: `${fault}.` };
}

function checkSource(row: MappingRow, catalog: Catalog, renamed: ReadonlySet<string>): Complaint | null {
  const table = row.source_table;
  const column = columnOf(row);
  const columns = catalog.sources.get(table);
  if (columns === undefined) {
    return {
      column: 'source_table',
      code: 'mapping_source_table',
      message: `the table source.${table} does not exist; name one of ${[...catalog.sources.keys()].join(', ')}.`,
    };
  }
  const isKnown =
    columns.has(column) || catalog.headers.get(table)?.has(column) || renamed.has(sourceColumnOf(row));
  if (isKnown) return null;
  return {
    column: 'source_field',
    code: 'mapping_source_field',
    message: `source.${table} has no column ${column}, and no file has brought one.`,
  };
}
