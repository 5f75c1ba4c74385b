import {
  type FieldNode,
  GraphQLIncludeDirective,
  type GraphQLResolveInfo,
  GraphQLSkipDirective,
  getDirectiveValues,
  getNamedType,
  isObjectType,
  type SelectionSetNode,
} from 'graphql';
import { type ReportAccess, visibleColumn } from '../access/visible-report.js';

/**
 * The names of the fields that an operation selects below a field, along a path such as `['edges', 'node']`;
 * fragments are followed, and what @skip or @include leaves out is left out.
 */
export function selectedFields(info: GraphQLResolveInfo, path: readonly string[]): Set<string> {
  return new Set(selectedNodes(info, path).map((node) => node.name.value));
}

/**
 * The columns, by field, that the rows selected along some paths need: those selected and those that walks start
 * from.
 * @throws a FORBIDDEN error when the caller may not see one of them.
 */
export function rowFields(
  access: ReportAccess,
  info: GraphQLResolveInfo,
  paths: readonly (readonly string[])[],
): Set<string> {
  const fields = new Set<string>();
  for (const path of paths) {
    let type = getNamedType(info.returnType);
    for (const name of path) {
      if (isObjectType(type)) type = getNamedType(type.getFields()[name]!.type);
    }
    if (!isObjectType(type)) continue;
    for (const name of selectedFields(info, path)) {
      if (name === '__typename') continue;
      const sources = type.getFields()[name]?.extensions.relatedRowKeys as readonly string[] | undefined;
      for (const field of sources ?? [name]) fields.add(field);
    }
  }
  for (const field of fields) visibleColumn(access, field);
  return fields;
}

function selectedNodes(info: GraphQLResolveInfo, path: readonly string[]): FieldNode[] {
  let nodes: readonly FieldNode[] = info.fieldNodes;
  for (const name of path) nodes = fieldsBelow(info, nodes).filter((node) => node.name.value === name);
  return fieldsBelow(info, nodes);
}

function fieldsBelow(info: GraphQLResolveInfo, nodes: readonly FieldNode[]): FieldNode[] {
  return nodes.flatMap((node) => (node.selectionSet ? fieldsOf(info, node.selectionSet) : []));
}

function fieldsOf(info: GraphQLResolveInfo, set: SelectionSetNode): FieldNode[] {
  return set.selections.flatMap((selection): FieldNode[] => {
    if (getDirectiveValues(GraphQLSkipDirective, selection, info.variableValues)?.if === true) return [];
    if (getDirectiveValues(GraphQLIncludeDirective, selection, info.variableValues)?.if === false) return [];
    if (selection.kind === 'Field') return [selection];
    // A report has no interfaces or unions, so a fragment's type is always the type at hand.
    if (selection.kind === 'InlineFragment') return fieldsOf(info, selection.selectionSet);
    const fragment = info.fragments[selection.name.value];
    return fragment ? fieldsOf(info, fragment.selectionSet) : [];
  });
}
