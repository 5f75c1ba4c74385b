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
 * The names of the fields that an operation selects below a field, along a path such as `['edges', 'node']`. Includes
 * fields in fragments, but not those that @skip or @include removes.
 */
export function selectedFields(info: GraphQLResolveInfo, path: readonly string[]): Set<string> {
  return new Set(selectedNodes(info, path).map((node) => node.name.value));
}

/**
 * The fields to read for the rows along some paths: those selected, and those that identify related rows.
 * @throws FORBIDDEN if the caller may not see one of them
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
    // Reports have no interfaces or unions, so a fragment always has the same type.
    if (selection.kind === 'InlineFragment') return fieldsOf(info, selection.selectionSet);
    const fragment = info.fragments[selection.name.value];
    return fragment ? fieldsOf(info, fragment.selectionSet) : [];
  });
}
