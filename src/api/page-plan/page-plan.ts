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
import { type OperationOutlook, rowsOfPage, WHOLE_REPORT_COST } from '../limits/query-cost.js';
import type { ReportArguments } from '../reports/page.js';

/** A field of an answer: under which name, and which one. */
export interface Entry {
  readonly key: string;
  readonly name: string;
  readonly below: readonly Entry[];
}

/** An operation that asks for one page of one report and nothing besides, as most do. */
export interface CompiledPage {
  readonly report: ReportDescription;
  readonly field: GraphQLField<unknown, unknown>;
  readonly node: FieldNode;
  readonly entries: readonly Entry[];
  /** The shapes rows are wanted in. */
  readonly rowShapes: readonly (readonly Entry[])[];
  readonly wantsCursors: boolean;
  readonly wantsCount: boolean;
  readonly wantsPrevious: boolean;
}

const CONNECTION_FIELDS = new Set(['nodes', 'edges', 'pageInfo', 'totalCount']);
/** Postgres cuts longer names short. */
const MAX_NAME_BYTES = 63;

/**
 * Recognizes an operation whose whole answer one statement can give as JSON: then no value of any row passes through
 * the resolvers one by one, which costs several times the statement. Everything else is left to them.
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
  const [node, another] = read(operation.selectionSet) ?? [];
  const report = node && reports.get(node.name.value);
  if (!report || another) return undefined;
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

/** The arguments of a page's query. */
export interface PageArguments extends ReportArguments {
  readonly asOf?: number | null;
}

/** @throws what graphql says of a required argument that is not given. */
export function pageArguments(
  page: CompiledPage,
  variables: Readonly<Record<string, unknown>>,
): PageArguments {
  return getArgumentValues(page.field, page.node, variables as { [name: string]: unknown });
}

/** What `operationOutlook` would say of the operation, without looking at its fields again. */
export function pageOutlook(page: CompiledPage, { first, last, asOf }: PageArguments): OperationOutlook {
  const wholes = [page.wantsCount, typeof asOf === 'number'].filter(Boolean).length;
  return {
    cost: rowsOfPage(first ?? last) + wholes * WHOLE_REPORT_COST,
    asOf: new Set([asOf ?? undefined]),
  };
}
