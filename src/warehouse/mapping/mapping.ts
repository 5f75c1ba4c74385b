import { Fault } from '../../fault.js';
import type { Catalog } from '../tables/catalog.js';
import { personalDataTransform } from './field-types.js';
import { followKeys, type MappingRow, mappingHash, type TableType } from './mapping-row.js';
import { validateMapping } from './mapping-validator.js';
import type { FieldPlan, Mapping, NestedPlan, TablePlan } from './table-plan.js';

/**
 * Compiles mapping rows into what each table is filled from.
 * @param version their number, when they are in the ledger; they were accepted then
 * @param current the rows that they are to replace
 * @throws Fault `mapping_invalid` that lists every complaint.
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
  const read = followKeys(rows);
  for (const row of read) byTable.set(row.end_table, [...(byTable.get(row.end_table) ?? []), row]);
  const plans = [...byTable].map(([table, own]) => planTable(table, own, read, catalog));
  const tables = new Map(
    plans.map((plan) => [plan.table, { ...plan, recordFields: recordFieldsOf(plan, plans) }]),
  );
  return { version, contentHash: mappingHash(rows), rows, tables };
}

function recordFieldsOf(plan: TablePlan, plans: readonly TablePlan[]): FieldPlan[] {
  if (plan.fields.some((field) => field.entryField === null)) return [];
  const beside = plans.filter(
    (other) =>
      other.sourceTable === plan.sourceTable &&
      (other.nested === null || other.nested.column === plan.nested?.column),
  );
  const fields = beside
    .flatMap((other) => other.fields)
    .filter((field) => field.entryField === null && field.required && !isPersonal(field));
  return [
    ...new Map(
      fields.map((field) => [`${field.sourceColumn} ${field.type} ${field.transform}`, field]),
    ).values(),
  ];
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
  // What a file brought beyond the agreed columns is kept by name in `extra`.
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

/** The schema of the ledgers `file_transform` and `issue` that belong to a plan's table. */
export function ledgerOf(plan: Pick<TablePlan, 'schema'>): string {
  return plan.schema === 'warehouse' ? 'support' : plan.schema;
}

/** Whether a field's raw value may not leave `source`. */
export function isPersonal(field: FieldPlan): boolean {
  return field.transform === personalDataTransform;
}

/** A table to be cleaned, and the tables that come first. */
export interface OrderedTable {
  readonly table: string;
  readonly sourceTable: string;
  readonly dependsOn: readonly string[];
}

/**
 * The mapping's tables, each after those it refers to. A table refers to another when it takes the source field that
 * is the other's whole key: `movie_genres` takes `genres.id`, the key of `genres`, so that no link is seen before the
 * thing it leads to.
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

/** The nested columns of a source table that the mapping takes entries of. */
export function nestedColumns(mapping: Mapping, sourceTable: string): NestedPlan[] {
  const plans = [...mapping.tables.values()].filter((plan) => plan.sourceTable === sourceTable);
  return [
    ...new Map(plans.flatMap(({ nested }) => (nested === null ? [] : [[nested.column, nested]]))).values(),
  ];
}
