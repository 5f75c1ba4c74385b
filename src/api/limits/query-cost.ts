import {
  type DocumentNode,
  type FieldNode,
  type GraphQLObjectType,
  type GraphQLSchema,
  getArgumentValues,
  getNamedType,
  isObjectType,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { filterCost } from './filter-size.js';
import type { RequestLimits } from './limits.js';
import { DEFAULT_PAGE_ROWS, MAX_PAGE_ROWS } from './page-limits.js';

/** Cost of a count, a total, a set of groups or a page as of an earlier publication: each may read a whole report. */
export const WHOLE_REPORT_COST = 100;

/** What is known of an operation before it runs. */
export interface OperationOutlook {
  /** See `RequestLimits.cost`. */
  readonly cost: number;
  /** The publications that its parts ask for; undefined stands for the current one. */
  readonly asOf: ReadonlySet<number | undefined>;
}

/** Number of rows that a page counts as. Invalid sizes are accepted here, and refused when the page is read. */
export function rowsOfPage(requested: number | null | undefined): number {
  return Math.min(Math.max(Number(requested ?? DEFAULT_PAGE_ROWS), 0), MAX_PAGE_ROWS);
}

type Variables = Readonly<Record<string, unknown>>;

/**
 * Computes the maximum cost of an operation, and which publications its parts ask for.
 * @throws LIMIT_EXCEEDED when a filter is too large
 */
export function operationOutlook(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Variables,
  limits: RequestLimits,
): OperationOutlook {
  const asOf = new Set<number | undefined>();
  let cost = 0;

  function visit(set: SelectionSetNode, typeName: string, rows: number, pageRows: number): void {
    const type = schema.getType(typeName);
    if (!isObjectType(type)) return;
    for (const selection of set.selections) {
      if (selection.kind === 'InlineFragment')
        visit(selection.selectionSet, selection.typeCondition?.name.value ?? typeName, rows, pageRows);
      else if (selection.kind === 'FragmentSpread')
        visit(fragment(selection.name.value), typeName, rows, pageRows);
      else if (!selection.name.value.startsWith('__')) visitField(selection, type, rows, pageRows);
    }
  }

  function visitField(node: FieldNode, type: GraphQLObjectType, rows: number, pageRows: number): void {
    const field = type.getFields()[node.name.value]!;
    const target = getNamedType(field.type).name;
    const below = (count: number, page = 0): void => {
      if (node.selectionSet) visit(node.selectionSet, target, count, page);
    };
    if (field.args.length > 0) {
      const args = getArgumentValues(field, node, variables);
      if (field.args.some(({ name }) => name === 'asOf')) asOf.add((args.asOf as number | null) ?? undefined);
      if (args.filter) cost += filterCost(args.filter, limits);
      const page = rowsOfPage((args.first ?? args.last) as number | null | undefined);
      if (args.by || typeof args.asOf === 'number') cost += WHOLE_REPORT_COST;
      if (target.endsWith('Connection')) {
        cost += page;
        below(1, page);
        return;
      }
      if (field.extensions.relatedRowKeys) {
        // At least 1: related rows with `first: 0` cost work, too.
        cost += Math.max(rows * page, 1);
        below(rows * page);
        return;
      }
    }
    if (field.name === 'totalCount' || field.name === 'totals') cost += WHOLE_REPORT_COST;
    if (field.name === 'nodes' || field.name === 'edges') below(pageRows, pageRows);
    else below(rows, pageRows);
  }

  const queryType = schema.getRootType(operation.operation);
  function fragment(name: string): SelectionSetNode {
    const found = document.definitions.find(
      (each) => each.kind === 'FragmentDefinition' && each.name.value === name,
    );
    if (found?.kind !== 'FragmentDefinition') throw new Error(`no fragment ${name}`);
    return found.selectionSet;
  }
  if (queryType) visit(operation.selectionSet, queryType.name, 1, 0);
  return { cost, asOf };
}
