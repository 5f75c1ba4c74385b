import type { ApolloServerPlugin } from '@apollo/server';
import { HeaderMap } from '@apollo/server';
import { GraphQLError, type GraphQLSchema } from 'graphql';
import { AccessRefusal, challengeOf, type ProtectedResource } from '../auth/access-refusal.js';
import type { Scope } from '../auth/scopes.js';
import type { ErrorCode } from './error-codes.js';
import type { RequestContext } from './request-context.js';
import { scopeReader } from './required-scopes.js';

/** Refuses an operation, before any of it runs, when the caller lacks a scope that a part of it needs. */
export function scopePlugin(
  schema: GraphQLSchema,
  resource: ProtectedResource,
): ApolloServerPlugin<RequestContext> {
  const scopesNeeded = scopeReader(schema);
  return {
    async requestDidStart() {
      return {
        async didResolveOperation({ document, operation, contextValue }) {
          const needed = operation ? scopesNeeded(document, operation) : new Set<Scope>();
          const missing = [...needed].filter((scope) => !contextValue.caller.scopes.has(scope));
          if (missing.length === 0) return;
          const message = `The operation needs the scope ${missing.join(' and ')}, which the token does not have.`;
          const challenge = challengeOf(
            new AccessRefusal('insufficient_scope', message, [...needed]),
            resource,
          );
          throw new GraphQLError(message, {
            extensions: {
              code: 'FORBIDDEN' satisfies ErrorCode,
              http: { status: 403, headers: new HeaderMap([['www-authenticate', challenge]]) },
            },
          });
        },
      };
    },
  };
}
