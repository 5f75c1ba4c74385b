import { isStorable, storableText } from '../../database/storable-text.js';
import { fieldTypes, transforms } from './field-types.js';
import type { MappingComplaint } from './mapping-error.js';
import { type MappingRow, tableTypes } from './mapping-row.js';

/** Names as the engine accepts them. No other text from a cell can reach a statement. */
const name = /^[A-Za-z][A-Za-z0-9_]{0,39}$/;
const fieldPath = /^[A-Za-z][A-Za-z0-9_]{0,39}(\.[A-Za-z][A-Za-z0-9_]{0,39})?$/;
const bound = /^(-?[0-9]{1,40}([.][0-9]{1,40})?|[0-9]{4}-[0-9]{2}-[0-9]{2})$/;
const aName =
  'a name of letters, digits and underscores that begins with a letter, at most 40 characters long';
const sourceTypes = ['text', 'varchar', 'nested'];

/** A rule for the cells of one column. */
interface CellRule {
  readonly column: keyof MappingRow;
  readonly accepts: (row: MappingRow) => boolean;
  readonly expected: string;
}

const isTruth = (value: unknown) => typeof value === 'boolean';
const isText = (value: unknown) => typeof value === 'string' && isStorable(value);

const cellRules: readonly CellRule[] = [
  { column: 'end_schema', accepts: (row) => row.end_schema === 'warehouse', expected: 'warehouse' },
  { column: 'end_table', accepts: (row) => name.test(row.end_table), expected: aName },
  { column: 'end_field', accepts: (row) => name.test(row.end_field), expected: aName },
  {
    column: 'end_data_type',
    accepts: (row) => Object.hasOwn(fieldTypes, row.end_data_type),
    expected: `one of ${Object.keys(fieldTypes).join(', ')}`,
  },
  {
    column: 'table_type',
    accepts: (row) => (tableTypes as readonly string[]).includes(row.table_type),
    expected: `one of ${tableTypes.join(', ')}`,
  },
  { column: 'source_schema', accepts: (row) => row.source_schema === 'source', expected: 'source' },
  { column: 'source_table', accepts: (row) => name.test(row.source_table), expected: aName },
  {
    column: 'source_field',
    accepts: (row) => fieldPath.test(row.source_field),
    expected: `${aName}, or two such names with a dot between them`,
  },
  {
    column: 'source_data_type',
    accepts: (row) => sourceTypes.includes(row.source_data_type),
    expected: `one of ${sourceTypes.join(', ')}`,
  },
  { column: 'is_key', accepts: (row) => isTruth(row.is_key), expected: 'true or false' },
  {
    column: 'transform',
    accepts: (row) => row.transform === null || Object.hasOwn(transforms, row.transform),
    expected: `empty or one of ${Object.keys(transforms).join(', ')}`,
  },
  { column: 'retire_missing', accepts: (row) => isTruth(row.retire_missing), expected: 'true or false' },
  ...(['min', 'max'] as const).map((column) => ({
    column,
    accepts: (row: MappingRow) => row[column] === null || bound.test(row[column]),
    expected: 'empty, a plain number, or a day as YYYY-MM-DD',
  })),
  {
    column: 'allowed',
    accepts: (row) => row.allowed === null || isText(row.allowed),
    expected: `empty or ${storableText}`,
  },
  {
    column: 'description',
    accepts: (row) => isText(row.description),
    expected: storableText,
  },
];

/** What is wrong with the cells of one row, each looked at on its own. */
export function checkCells(row: MappingRow, position: number): MappingComplaint[] {
  return cellRules
    .filter((rule) => !rule.accepts(row))
    .map(({ column, expected }) => ({
      position,
      column,
      code: 'mapping_cell',
      message: `Row ${position}: ${column} is ${JSON.stringify(row[column] ?? null)}, expected ${expected}.`,
    }));
}
