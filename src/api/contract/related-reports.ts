import {
  type DirectiveNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  getDirectiveValues,
  getNamedType,
  isObjectType,
} from 'graphql';
import { Fault } from '../../fault.js';
import type { Aggregate, GroupKeyRole } from '../schema-enums.js';
import type { ReportColumn, ReportDescription } from './report-description.js';
import { pascalCase } from './schema-names.js';

/** The directive of a field whose value is a list of another report's rows. */
export interface RelatedRows {
  readonly target: ReportDescription;
  /** Columns on which the rows are joined. */
  readonly on: readonly string[];
  /** Date column of the target that must fall in the row's `year`. */
  readonly yearOf?: string;
}

/** A number that aggregates many rows. */
export interface Measure {
  /** Name in the contract. */
  readonly field: string;
  readonly column: string;
  readonly by: Aggregate;
  readonly decimals?: number;
}

/** A key by which rows can be grouped. */
export interface GroupKey {
  readonly field: string;
  /** The value of the argument `by` that selects it. */
  readonly key: string;
  readonly column: ReportColumn;
  readonly role: GroupKeyRole;
}

/** How a report's rows can be grouped. */
export interface Grouping {
  readonly report: ReportDescription;
  /** Prefix of the names of the contract's types. */
  readonly stem: string;
  readonly keys: readonly GroupKey[];
  readonly measures: readonly Measure[];
}

/** The content of the contract's directives. */
export interface ContractLinks {
  /** By `Type.field`. */
  readonly relatedRows: ReadonlyMap<string, RelatedRows>;
  readonly groupings: readonly Grouping[];
  /** The aggregates over all rows of a report, by report name. */
  readonly totals: ReadonlyMap<string, readonly Measure[]>;
}

/**
 * Reads the directives `@walk`, `@groups`, `@groupKey` and `@measure`.
 * @throws Fault `contract_differs` when one names an unknown report or column.
 */
export function contractLinks(schema: GraphQLSchema, reports: readonly ReportDescription[]): ContractLinks {
  const byName = new Map(reports.map((report) => [report.name, report]));
  const relatedRows = new Map<string, RelatedRows>();
  const groupings: Grouping[] = [];
  const totals = new Map<string, readonly Measure[]>();

  function reportNamed(name: unknown, path: string): ReportDescription {
    const report = byName.get(String(name));
    if (!report) throw differs(`${path} names the unknown report ${name}.`);
    return report;
  }

  function relatedRowsOf(
    type: GraphQLObjectType,
    field: GraphQLField<unknown, unknown>,
  ): RelatedRows | undefined {
    const values = directive(schema, 'walk', field.astNode);
    if (!values) return undefined;
    const path = `${type.name}.${field.name}`;
    const target = reportNamed(values.report, path);
    const on = values.on as string[];
    for (const name of [...on, ...(values.yearOf ? [String(values.yearOf)] : [])])
      columnOf(target, name, path);
    if (getNamedType(field.type).name !== `${pascalCase(target.name)}Row`)
      throw differs(`${path} must be a list of ${pascalCase(target.name)}Row.`);
    return { target, on, yearOf: values.yearOf as string | undefined };
  }

  function measuresOf(type: GraphQLObjectType, report: ReportDescription): Measure[] {
    return Object.values(type.getFields()).flatMap((field) => {
      const values = directive(schema, 'measure', field.astNode);
      if (!values) return [];
      columnOf(report, String(values.column), `${type.name}.${field.name}`);
      return [{ field: field.name, ...(values as unknown as Omit<Measure, 'field'>) }];
    });
  }

  for (const type of Object.values(schema.getTypeMap()).filter(isObjectType)) {
    for (const field of Object.values(type.getFields())) {
      const related = relatedRowsOf(type, field);
      if (related) relatedRows.set(`${type.name}.${field.name}`, related);
    }
    const group = directive(schema, 'groups', type.astNode);
    if (!group) continue;
    const report = reportNamed(group.report, type.name);
    groupings.push({
      report,
      stem: type.name.replace(/Row$/, ''),
      keys: Object.values(type.getFields()).flatMap((field) => {
        const values = directive(schema, 'groupKey', field.astNode);
        if (!values) return [];
        const column = columnOf(report, String(values.column), `${type.name}.${field.name}`);
        return [{ field: field.name, key: String(values.key), column, role: values.role as GroupKeyRole }];
      }),
      measures: measuresOf(type, report),
    });
  }
  for (const report of reports) {
    const type = schema.getType(`${pascalCase(report.name)}Totals`);
    if (isObjectType(type)) totals.set(report.name, measuresOf(type, report));
  }
  return { relatedRows, groupings, totals };
}

function columnOf(report: ReportDescription, name: string, path: string): ReportColumn {
  const column = report.columns.find((each) => each.name === name);
  if (!column) throw differs(`${path} names the unknown column ${report.name}.${name}.`);
  return column;
}

function directive(
  schema: GraphQLSchema,
  name: string,
  node: { readonly directives?: readonly DirectiveNode[] } | null | undefined,
): Record<string, unknown> | undefined {
  const definition = schema.getDirective(name);
  return definition && node ? getDirectiveValues(definition, node) : undefined;
}

function differs(message: string): Fault {
  return new Fault('contract_differs', `schema.graphql and the reports differ: ${message}`);
}
