import type { GraphQLSchema, OperationDefinitionNode } from 'graphql';
import { AccessError, challengeOf, type ProtectedResource } from '../../auth/access-error.js';
import { errorWithHeaders } from './operation-errors.js';
import type { ResolvedRequest } from './operation-state.js';
import { scopeReader } from './required-scopes.js';

/**
 * Returns the check that the token has every scope the operation needs.
 * @throws FORBIDDEN with the missing scopes
 */
export function scopeCheck(
  schema: GraphQLSchema,
  resource: ProtectedResource,
): (operation: OperationDefinitionNode, request: ResolvedRequest) => void {
  const scopesOf = scopeReader(schema);
  return (operation, { document, contextValue, requestIsBatched }) => {
    const needed = scopesOf(operation, document);
    const missing = [...needed].filter((scope) => !contextValue.caller.scopes.has(scope));
    if (missing.length === 0) return;
    const message = `The operation needs the scope ${missing.join(' and ')}, which the token does not have.`;
    const error = new AccessError('insufficient_scope', 'The token lacks a scope.', [...needed]);
    // The challenge concerns one operation, but the headers of a batch concern all of them.
    const headers: Record<string, string> = requestIsBatched
      ? {}
      : { 'www-authenticate': challengeOf(error, resource) };
    throw errorWithHeaders('FORBIDDEN', { message, headers });
  };
}
