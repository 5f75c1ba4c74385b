import {
  type DocumentNode,
  type FieldNode,
  type GraphQLField,
  type GraphQLSchema,
  getArgumentValues,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import type { ReportDescription } from '../contract/report-description.js';
import { camelCase } from '../contract/schema-names.js';
import { filterCost } from '../limits/filter-size.js';
import type { RequestLimits } from '../limits/limits.js';
import { type OperationOutlook, rowsOfPage, WHOLE_REPORT_COST } from '../limits/query-cost.js';
import type { ReportArguments } from '../reports/page.js';

/** A selected field. */
export interface Entry {
  /** Its name in the response: the alias, if it has one. */
  readonly key: string;
  readonly name: string;
  readonly below: readonly Entry[];
}

/** An operation that asks only for one page of one report, as most do. */
export interface CompiledPage {
  readonly report: ReportDescription;
  readonly field: GraphQLField<unknown, unknown>;
  readonly node: FieldNode;
  readonly entries: readonly Entry[];
  /** The fields of a row, for each place where the operation selects rows. */
  readonly rowShapes: readonly (readonly Entry[])[];
  readonly wantsCursors: boolean;
  readonly wantsCount: boolean;
  readonly wantsPrevious: boolean;
}

const CONNECTION_FIELDS = new Set(['nodes', 'edges', 'pageInfo', 'totalCount']);
/** Postgres truncates longer names. */
const MAX_NAME_BYTES = 63;

/**
 * Recognizes an operation whose whole response one statement can return as JSON. Resolving every value of every row would
 * cost several times as much as the statement.
 * @returns undefined for all other operations: the resolvers answer them
 */
export function compilePage(
  schema: GraphQLSchema,
  reports: ReadonlyMap<string, ReportDescription>,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): CompiledPage | undefined {
  if (operation.operation !== 'query') return undefined;
  const read = (set: SelectionSetNode | undefined): FieldNode[] | undefined => {
    const found: FieldNode[] = [];
    for (const selection of set?.selections ?? []) {
      if (selection.directives?.length) return undefined;
      if (selection.kind === 'Field') found.push(selection);
      else {
        const spread = selection.kind === 'FragmentSpread' && selection.name.value;
        const inner = spread
          ? document.definitions.find(
              (each) => each.kind === 'FragmentDefinition' && each.name.value === spread,
            )
          : selection;
        const below = read((inner as { selectionSet?: SelectionSetNode } | undefined)?.selectionSet);
        if (!below) return undefined;
        found.push(...below);
      }
    }
    return found;
  };
  const entriesOf = (set: SelectionSetNode | undefined): Entry[] | undefined => {
    const entries: Entry[] = [];
    for (const node of read(set) ?? [undefined]) {
      if (!node || node.name.value.startsWith('__') || (node.arguments?.length ?? 0) > 0) return undefined;
      const key = (node.alias ?? node.name).value;
      const below = node.selectionSet ? entriesOf(node.selectionSet) : [];
      if (!below || entries.some((each) => each.key === key) || Buffer.byteLength(key) > MAX_NAME_BYTES)
        return undefined;
      entries.push({ key, name: node.name.value, below });
    }
    return entries;
  };
  const [node, second] = read(operation.selectionSet) ?? [];
  const report = node && reports.get(node.name.value);
  if (!report || second) return undefined;
  const entries = entriesOf(node.selectionSet);
  if (!entries?.every(({ name }) => CONNECTION_FIELDS.has(name))) return undefined;
  const columns = new Set(report.columns.map(({ name }) => camelCase(name)));
  const rowShapes = entries.flatMap(({ name, below }) => {
    if (name === 'nodes') return [below];
    return name === 'edges' ? below.filter((each) => each.name === 'node').map((each) => each.below) : [];
  });
  if (!rowShapes.every((shape) => shape.every(({ name }) => columns.has(name)))) return undefined;
  const selected = (parent: string, names: readonly string[]) =>
    entries.some(({ name, below }) => name === parent && below.some((each) => names.includes(each.name)));
  return {
    report,
    field: schema.getQueryType()!.getFields()[node.name.value]!,
    node,
    entries,
    rowShapes,
    wantsCursors: selected('edges', ['cursor']) || selected('pageInfo', ['startCursor', 'endCursor']),
    wantsCount: entries.some(({ name }) => name === 'totalCount'),
    wantsPrevious: selected('pageInfo', ['hasPreviousPage']),
  };
}

export interface PageArguments extends ReportArguments {
  readonly asOf?: number | null;
}

/** @throws GraphQLError if a required argument is missing */
export function pageArguments(
  page: CompiledPage,
  variables: Readonly<Record<string, unknown>>,
): PageArguments {
  return getArgumentValues(page.field, page.node, variables as { [name: string]: unknown });
}

/** The same result as `operationOutlook`, without visiting the fields again. */
export function pageOutlook(
  page: CompiledPage,
  { first, last, asOf, filter }: PageArguments,
  limits: RequestLimits,
): OperationOutlook {
  const wholes = [page.wantsCount, typeof asOf === 'number'].filter(Boolean).length;
  return {
    cost: rowsOfPage(first ?? last) + wholes * WHOLE_REPORT_COST + filterCost(filter, limits),
    asOf: new Set([asOf ?? undefined]),
  };
}
