import {
  type DocumentNode,
  type GraphQLField,
  type GraphQLSchema,
  getDirectiveValues,
  isObjectType,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { SCOPES, type Scope } from '../../auth/scopes.js';
import { Fault } from '../../fault.js';
import { weakMemo } from '../weak-memo.js';

/**
 * Reads from the contract which scope each root field needs.
 * @returns a function that gives the scopes an operation needs
 * @throws Fault `contract_differs` if a root field names no scope: access is denied by default
 */
export function scopeReader(
  schema: GraphQLSchema,
): (operation: OperationDefinitionNode, document: DocumentNode) => ReadonlySet<Scope> {
  const directive = schema.getDirective('requires');
  const needed = new Map<string, Scope>();
  for (const type of [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]) {
    for (const field of Object.values(type?.getFields() ?? {}))
      needed.set(`${type}.${field.name}`, scopeOf(field, `${type}`));
  }

  function scopeOf(field: GraphQLField<unknown, unknown>, parent: string): Scope {
    const value = directive && field.astNode && getDirectiveValues(directive, field.astNode)?.scope;
    const scope = SCOPES.find((each) => each.replace(':', '_').toUpperCase() === value);
    if (scope) return scope;
    throw new Fault(
      'contract_differs',
      `${parent}.${field.name} has no @requires. Add the scope that it needs.`,
    );
  }

  return weakMemo((operation: OperationDefinitionNode, document: DocumentNode): ReadonlySet<Scope> => {
    const scopes = new Set<Scope>();
    const rootType = schema.getRootType(operation.operation);
    const visit = (set: SelectionSetNode): void => {
      for (const selection of set.selections) {
        if (selection.kind === 'Field') {
          const scope = needed.get(`${rootType}.${selection.name.value}`);
          if (scope) scopes.add(scope);
        } else if (selection.kind === 'InlineFragment') visit(selection.selectionSet);
        else {
          const fragment = document.definitions.find(
            (each) => each.kind === 'FragmentDefinition' && each.name.value === selection.name.value,
          );
          if (fragment?.kind === 'FragmentDefinition') visit(fragment.selectionSet);
        }
      }
    };
    if (isObjectType(rootType)) visit(operation.selectionSet);
    return scopes;
  });
}
