import { isStorable, storableText } from '../../database/storable-text.js';
import type { Catalog } from '../tables/catalog.js';
import { fieldTypes, transforms } from './field-types.js';
import type { MappingComplaint } from './mapping-error.js';
import { columnOf, followKeys, type MappingRow, tableTypes } from './mapping-row.js';
import { refuseNew } from './mapping-transition.js';

/** Names as the engine takes them: what cannot be written in a cell cannot reach a statement. */
const name = /^[A-Za-z][A-Za-z0-9_]{0,39}$/;
const fieldPath = /^[A-Za-z][A-Za-z0-9_]{0,39}(\.[A-Za-z][A-Za-z0-9_]{0,39})?$/;
const sourceTypes = ['text', 'varchar', 'nested'];

/**
 * Everything that is wrong with a mapping, so that it can be put right in one go; empty when it may become current.
 * Checked are names, types, tables and fields against the catalog, keys, and rows that contradict each other. A column
 * that no file has brought is taken where it stands in for one that is read no more: the vendor is about to rename it.
 * @param current the rows that these are to replace
 */
export function validateMapping(
  rows: readonly MappingRow[],
  catalog: Catalog,
  current: readonly MappingRow[] = [],
): MappingComplaint[] {
  if (rows.length === 0) {
    return [
      {
        position: null,
        column: null,
        code: 'mapping_empty',
        message: 'The mapping has no rows, expected at least one.',
      },
    ];
  }
  const cells = rows.flatMap((row, index) => checkCells(row, index + 1));
  if (cells.length > 0) return cells;
  const renamed = renamedColumns(rows, current);
  return [
    ...rows.flatMap((row, index) => checkRow(row, index + 1, catalog, renamed)),
    ...checkTables(rows, catalog),
    ...refuseNew(rows, catalog, current),
  ];
}

/** Columns, with their table, that rows read in place of one that is read no more. */
function renamedColumns(rows: readonly MappingRow[], current: readonly MappingRow[]): Set<string> {
  const place = (row: MappingRow) => `${row.end_table}.${row.end_field}`;
  const source = (row: MappingRow) => `${row.source_table}.${columnOf(row)}`;
  const read = followKeys(rows);
  const stillRead = new Set(read.map(source));
  const before = new Map(followKeys(current).map((row) => [place(row), source(row)]));
  return new Set(
    read.flatMap((row) => {
      const was = before.get(place(row));
      return was !== undefined && (was === source(row) || !stillRead.has(was)) ? [source(row)] : [];
    }),
  );
}

function checkCells(row: MappingRow, position: number): MappingComplaint[] {
  const complaints: MappingComplaint[] = [];
  const cell = (column: keyof MappingRow, fits: boolean, expected: string) => {
    if (fits) return;
    const found = JSON.stringify(row[column] ?? null);
    complaints.push({
      position,
      column,
      code: 'mapping_cell',
      message: `Row ${position}: ${column} is ${found}, expected ${expected}.`,
    });
  };
  const aName = 'a name of letters, digits and underscores that begins with a letter, at most 40 long';
  cell('end_schema', row.end_schema === 'warehouse', 'warehouse');
  cell('end_table', name.test(row.end_table), aName);
  cell('end_field', name.test(row.end_field), aName);
  cell(
    'end_data_type',
    Object.hasOwn(fieldTypes, row.end_data_type),
    `one of ${Object.keys(fieldTypes).join(', ')}`,
  );
  cell(
    'table_type',
    (tableTypes as readonly string[]).includes(row.table_type),
    `one of ${tableTypes.join(', ')}`,
  );
  cell('source_schema', row.source_schema === 'source', 'source');
  cell('source_table', name.test(row.source_table), aName);
  cell(
    'source_field',
    fieldPath.test(row.source_field),
    `${aName}, or two such names with a dot between them`,
  );
  cell('source_data_type', sourceTypes.includes(row.source_data_type), `one of ${sourceTypes.join(', ')}`);
  cell('is_key', typeof row.is_key === 'boolean', 'true or false');
  cell(
    'transform',
    row.transform === null || Object.hasOwn(transforms, row.transform),
    `empty or one of ${Object.keys(transforms).join(', ')}`,
  );
  cell('retire_missing', typeof row.retire_missing === 'boolean', 'true or false');
  cell('description', typeof row.description === 'string' && isStorable(row.description), storableText);
  return complaints;
}

function checkRow(
  row: MappingRow,
  position: number,
  catalog: Catalog,
  renamed: ReadonlySet<string>,
): MappingComplaint[] {
  const complaints: MappingComplaint[] = [];
  const complain = (column: keyof MappingRow, code: string, message: string) =>
    complaints.push({ position, column, code, message: `Row ${position}: ${message}` });
  const target = catalog.targets.get(row.end_table);
  const field = target?.columns.get(row.end_field);
  if (!target) {
    complain(
      'end_table',
      'mapping_table',
      `there is no table warehouse.${row.end_table}; name one that exists or add it by a migration.`,
    );
  } else if (!field) {
    const known = [...target.columns.keys()].join(', ');
    complain(
      'end_field',
      'mapping_field',
      `warehouse.${row.end_table} has no field ${row.end_field} to fill, expected one of ${known}.`,
    );
  } else if (field.type !== fieldTypes[row.end_data_type]!.catalogName) {
    complain(
      'end_data_type',
      'mapping_type',
      `warehouse.${row.end_table}.${row.end_field} is of type ${field.type}, not ${row.end_data_type}.`,
    );
  }
  const transform = row.transform === null ? undefined : transforms[row.transform];
  if (transform && !transform.types.includes(row.end_data_type)) {
    complain(
      'transform',
      'mapping_transform',
      `${row.transform} gives ${transform.types.join(' or ')}, not ${row.end_data_type}.`,
    );
  }
  const columns = catalog.sources.get(row.source_table);
  const column = columnOf(row);
  const known =
    columns?.has(column) ||
    catalog.headers.get(row.source_table)?.has(column) ||
    renamed.has(`${row.source_table}.${column}`);
  if (!columns) {
    complain(
      'source_table',
      'mapping_source_table',
      `there is no table source.${row.source_table}; name one of ${[...catalog.sources.keys()].join(', ')}.`,
    );
  } else if (!known) {
    complain(
      'source_field',
      'mapping_source_field',
      `source.${row.source_table} has no column ${column}, and no file has brought one.`,
    );
  }
  return complaints;
}

function checkTables(rows: readonly MappingRow[], catalog: Catalog): MappingComplaint[] {
  const complaints: MappingComplaint[] = [];
  const tables = new Map<string, { row: MappingRow; position: number }[]>();
  for (const [index, row] of rows.entries()) {
    const entries = tables.get(row.end_table) ?? [];
    tables.set(row.end_table, entries);
    entries.push({ row, position: index + 1 });
  }
  for (const [table, entries] of tables) {
    const first = entries[0]!;
    const complain = (
      position: number | null,
      column: keyof MappingRow | null,
      code: string,
      message: string,
    ) =>
      complaints.push({
        position,
        column,
        code,
        message: position === null ? message : `Row ${position}: ${message}`,
      });
    const seen = new Map<string, number>();
    for (const { row, position } of entries) {
      const before = seen.get(row.end_field);
      if (before !== undefined) {
        complain(
          position,
          'end_field',
          'mapping_twice',
          `${table}.${row.end_field} is filled by row ${before} already.`,
        );
      }
      seen.set(row.end_field, position);
      for (const column of ['table_type', 'source_table', 'retire_missing'] as const) {
        if (row[column] !== first.row[column]) {
          complain(
            position,
            column,
            'mapping_contradiction',
            `${column} of table ${table} is ${row[column]}, but row ${first.position} says ${first.row[column]}.`,
          );
        }
      }
    }
    const nested = new Set(
      entries.flatMap(({ row }) => (row.source_field.includes('.') ? [row.source_field.split('.')[0]!] : [])),
    );
    if (nested.size > 1) {
      complain(
        null,
        'source_field',
        'mapping_nested',
        `Table ${table} takes entries of ${[...nested].join(' and ')}, expected one nested column.`,
      );
    }
    if (!entries.some(({ row }) => row.is_key)) {
      complain(
        null,
        'is_key',
        'mapping_key',
        `Table ${table} has no key field; mark the fields of its natural key.`,
      );
    }
    for (const [field, { required }] of catalog.targets.get(table)?.columns ?? []) {
      if (required && !seen.has(field)) {
        complain(
          null,
          'end_field',
          'mapping_required',
          `Table ${table} cannot do without ${field}; add a row that fills it.`,
        );
      }
    }
    if (first.row.table_type === 'reference' && catalog.targets.get(table)?.marksStandard === false) {
      complain(
        first.position,
        'table_type',
        'mapping_reference',
        `${table} has no column standard, so it cannot be a reference table.`,
      );
    }
  }
  return complaints;
}
