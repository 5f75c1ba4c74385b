import {
  type FieldDefinitionNode,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import { Fault } from '../../fault.js';
import type { ReportColumn, ReportColumnType, ReportDescription } from './report-description.js';
import { camelCase, pascalCase, upperCase } from './schema-names.js';

const SCALARS: Record<ReportColumnType, string> = {
  int: 'Int',
  bigint: 'BigInt',
  numeric: 'Decimal',
  text: 'String',
  date: 'Date',
  timestamp: 'DateTime',
  boolean: 'Boolean',
  json: 'JSON',
};

const FILTERS: Record<ReportColumnType, string> = {
  int: 'IntFilter',
  bigint: 'BigIntFilter',
  numeric: 'DecimalFilter',
  text: 'TextFilter',
  date: 'DateFilter',
  timestamp: 'DateTimeFilter',
  boolean: 'BooleanFilter',
  json: 'JSONFilter',
};

/**
 * Compares the contract with the served reports in both directions. The contract is written by hand for its readers,
 * so this check keeps it correct.
 * @returns one sentence for each difference.
 */
export function contractDifferences(schema: GraphQLSchema, reports: readonly ReportDescription[]): string[] {
  const served = reports.map(({ name }) => camelCase(name));
  const differences = served
    .filter((name) => !schema.getQueryType()?.getFields()[name])
    .map((name) => `Query has no field ${name}.`);
  for (const [name, field] of Object.entries(schema.getQueryType()?.getFields() ?? {})) {
    const isReport = getNamedType(field.type).name.endsWith('ReportConnection');
    if (isReport && !served.includes(name)) differences.push(`Query.${name} does not belong to any report.`);
  }
  return [...differences, ...reports.flatMap((report) => reportDifferences(schema, report))];
}

/** @throws Fault `contract_differs` with every difference. */
export function checkContract(schema: GraphQLSchema, reports: readonly ReportDescription[]): void {
  const differences = contractDifferences(schema, reports);
  if (differences.length === 0) return;
  throw new Fault('contract_differs', `schema.graphql and the reports differ: ${differences.join(' ')}`);
}

function reportDifferences(schema: GraphQLSchema, report: ReportDescription): string[] {
  const stem = pascalCase(report.name);
  const rowType = schema.getType(`${stem}Row`);
  const filterType = schema.getType(`${stem}Filter`);
  const orderType = schema.getType(`${stem}OrderField`);
  if (!isObjectType(rowType) || !isInputObjectType(filterType) || !isEnumType(orderType)) {
    return [`${stem}Row, ${stem}Filter or ${stem}OrderField is missing.`];
  }
  const columns = new Map(report.columns.map((column) => [camelCase(column.name), column]));
  const columnNames = new Set(report.columns.map(({ name }) => upperCase(name)));
  const orderValues = new Set(orderType.getValues().map(({ name }) => name));
  const filterFields = filterType.getFields();
  const unknown = [
    ...Object.values(rowType.getFields())
      .filter(({ name, astNode }) => !columns.has(name) && !hasRelatedRows(astNode))
      .map(({ name }) => name),
    ...Object.keys(filterFields).filter((name) => !columns.has(name) && !['and', 'or', 'not'].includes(name)),
    ...[...orderValues].filter((name) => !columnNames.has(name)),
  ].map((name) => `${stem} has ${name}, which is not a column of the report.`);
  const wrong = [...columns].flatMap(([name, column]) => {
    const field = rowType.getFields()[name];
    const expected = `${SCALARS[column.type]}${column.nullable ? '' : '!'}`;
    return [
      differing(`${stem}Row.${name}`, field && fieldType(field.type), expected),
      filterDifference(
        `${stem}Filter.${name}`,
        filterFields[name] && getNamedType(filterFields[name].type).name,
        column,
      ),
      column.sortable === undefined || column.sortable === orderValues.has(upperCase(column.name))
        ? undefined
        : `${stem}OrderField and the report differ on whether rows can be ordered by ${name}.`,
    ].filter((each) => each !== undefined);
  });
  return [...unknown, ...wrong];
}

/** Whether a field holds rows of another report instead of a column. */
function hasRelatedRows(node: FieldDefinitionNode | null | undefined): boolean {
  return node?.directives?.some(({ name }) => name.value === 'walk') ?? false;
}

function fieldType(type: Parameters<typeof getNamedType>[0] & object): string {
  return `${getNamedType(type as never)}${isNonNullType(type) ? '!' : ''}`;
}

function filterDifference(path: string, found: string | undefined, column: ReportColumn): string | undefined {
  if (found)
    return column.filterable === false
      ? `${path} exists, but the report does not allow filtering by it.`
      : differing(path, found, FILTERS[column.type]);
  return column.filterable ? `${path} is missing.` : undefined;
}

function differing(path: string, found: string | undefined, expected: string): string | undefined {
  return found === expected ? undefined : `${path} is ${found ?? 'missing'}, expected ${expected}.`;
}
