import { Fault } from '../../fault.js';
import type { Catalog } from '../tables/catalog.js';
import { personalDataTransform } from './field-types.js';
import { followKeys, type MappingRow, mappingHash, type TableType } from './mapping-row.js';
import { validateMapping } from './mapping-validator.js';
import type { FieldPlan, Mapping, NestedPlan, TablePlan } from './table-plan.js';
import { rangeOf } from './value-range.js';

/**
 * Compiles mapping rows into one plan per table.
 * @param version their number, when the ledger has accepted them already
 * @param current the rows that they will replace
 * @throws Fault `mapping_invalid` that lists every complaint
 */
export function compileMapping(
  rows: readonly MappingRow[],
  catalog: Catalog,
  version: number | null = null,
  current: readonly MappingRow[] = version === null ? [] : rows,
): Mapping {
  const complaints = validateMapping(rows, catalog, current);
  if (complaints.length > 0) {
    throw new Fault(
      'mapping_invalid',
      `The mapping cannot be used: ${complaints.map((complaint) => complaint.message).join(' ')}`,
    );
  }
  const byTable = new Map<string, MappingRow[]>();
  const followed = followKeys(rows);
  for (const row of followed) byTable.set(row.end_table, [...(byTable.get(row.end_table) ?? []), row]);
  const plans = [...byTable].map(([table, own]) => planTable(table, own, followed, catalog));
  const tables = new Map(
    plans.map((plan) => [plan.table, { ...plan, recordFields: recordFieldsOf(plan, plans) }]),
  );
  return { version, contentHash: mappingHash(rows), rows, tables };
}

function recordFieldsOf(plan: TablePlan, plans: readonly TablePlan[]): FieldPlan[] {
  if (plan.fields.some((field) => field.entryField === null)) return [];
  const sameRecords = plans.filter(
    (other) =>
      other.sourceTable === plan.sourceTable &&
      (other.nested === null || other.nested.column === plan.nested?.column),
  );
  const fields = sameRecords
    .flatMap((other) => other.fields)
    .filter((field) => field.entryField === null && field.required && !isPersonal(field));
  return distinctCasts(fields);
}

function planTable(
  table: string,
  rows: readonly MappingRow[],
  all: readonly MappingRow[],
  catalog: Catalog,
): TablePlan {
  const first = rows[0]!;
  const target = catalog.targets.get(table)!;
  const sourceColumns = catalog.sources.get(first.source_table)!;
  // Columns that the feed does not have are kept by name in `extra`.
  const expression = (column: string) =>
    sourceColumns.has(column) ? `s."${column}"` : `(s.extra ->> '${column}')`;
  const nestedColumn = (column: string): NestedPlan => {
    const taken = all.filter(
      (row) => row.source_table === first.source_table && row.source_field.startsWith(`${column}.`),
    );
    return {
      column,
      expression: expression(column),
      fields: [...new Set(taken.map((row) => row.source_field.slice(column.length + 1)))],
      personal: taken.some((row) => row.transform === personalDataTransform),
    };
  };
  let nested: NestedPlan | null = null;
  const fields = rows.map((row): FieldPlan => {
    const [column, entryField] = row.source_field.split('.') as [string, string?];
    if (entryField !== undefined) nested = nestedColumn(column);
    return {
      field: row.end_field,
      type: row.end_data_type,
      isKey: row.is_key,
      required: row.is_key || target.columns.get(row.end_field)!.required,
      indexed: target.columns.get(row.end_field)!.indexed,
      sourceColumn: expression(column),
      entryField: entryField ?? null,
      sourceField: row.source_field,
      transform: row.transform,
      range: rangeOf(row),
    };
  });
  return {
    schema: 'warehouse',
    table,
    tableType: first.table_type as TableType,
    sourceTable: first.source_table,
    nested,
    fields,
    keys: fields.filter((field) => field.isKey),
    attributes: fields.filter((field) => !field.isKey),
    unfilled: [...target.columns]
      .filter(([name]) => !rows.some((row) => row.end_field === name))
      .map(([name, { type }]) => ({ field: name, catalogName: type })),
    recordFields: [],
    retireMissing: first.retire_missing,
    partitioned: target.partitioned,
  };
}

/** The fields that every record of a source table must have to be accepted. */
export function requiredOfRecords(mapping: Mapping, sourceTable: string): FieldPlan[] {
  return readFromRecords(mapping, sourceTable).filter((field) => field.required);
}

/** What the tables of a mapping read from the records of a source table themselves, each column and cast once. */
export function readFromRecords(mapping: Mapping, sourceTable: string): FieldPlan[] {
  const fields = [...mapping.tables.values()]
    .filter((plan) => plan.sourceTable === sourceTable)
    .flatMap((plan) => plan.fields)
    .filter((field) => field.entryField === null);
  // A required field comes last, so that a column that one table requires is required here.
  fields.sort((one, other) => Number(one.required) - Number(other.required));
  return distinctCasts(fields);
}

function distinctCasts(fields: readonly FieldPlan[]): FieldPlan[] {
  return [
    ...new Map(
      fields.map((field) => [
        `${field.sourceColumn} ${field.type} ${field.transform} ${JSON.stringify(field.range)}`,
        field,
      ]),
    ).values(),
  ];
}

/** The schema with the ledgers `file_transform` and `issue` of a table. */
export function ledgerOf(plan: Pick<TablePlan, 'schema'>): string {
  return plan.schema === 'warehouse' ? 'support' : plan.schema;
}

/** Whether the raw value of a field must stay in schema `source`. */
export function isPersonal(field: FieldPlan): boolean {
  return field.transform === personalDataTransform;
}

/** A table to be cleaned, and the tables that must be cleaned before it. */
export interface OrderedTable {
  readonly table: string;
  readonly sourceTable: string;
  readonly dependsOn: readonly string[];
}

/**
 * The tables of the mapping, each after those it refers to. A table refers to another when it reads the source field that is
 * the other's only key: `movie_genres` reads `genres.id`, the key of `genres`. So no link exists before its target.
 */
export function tablesInOrder(mapping: Mapping): OrderedTable[] {
  const plans = [...mapping.tables.values()];
  const dependencies = (plan: TablePlan) =>
    plans
      .filter((other) => {
        const [key, more] = other.keys;
        return (
          other !== plan &&
          more === undefined &&
          other.sourceTable === plan.sourceTable &&
          plan.fields.some((field) => field.sourceField === key!.sourceField) &&
          !(plan.keys.length === 1 && plan.keys[0]!.sourceField === key!.sourceField)
        );
      })
      .map((other) => other.table);
  const ordered: OrderedTable[] = [];
  const visiting = new Set<string>();
  const visit = (plan: TablePlan) => {
    if (visiting.has(plan.table)) return;
    visiting.add(plan.table);
    const dependsOn = dependencies(plan);
    for (const table of dependsOn) visit(mapping.tables.get(table)!);
    ordered.push({ table: plan.table, sourceTable: plan.sourceTable, dependsOn });
  };
  for (const plan of plans) visit(plan);
  return ordered;
}

/** The nested columns of a source table from whose entries the mapping fills tables. */
export function nestedColumns(mapping: Mapping, sourceTable: string): NestedPlan[] {
  const plans = [...mapping.tables.values()].filter((plan) => plan.sourceTable === sourceTable);
  return [
    ...new Map(plans.flatMap(({ nested }) => (nested === null ? [] : [[nested.column, nested]]))).values(),
  ];
}
