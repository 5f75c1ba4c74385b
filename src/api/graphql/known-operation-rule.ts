import { GraphQLError, type ValidationRule } from 'graphql';

/** Refuses a kind of operation the contract has none of: no rule of GraphQL's own does, and it could not be run. */
export const knownOperations: ValidationRule = (context) => ({
  OperationDefinition(node) {
    if (context.getSchema().getRootType(node.operation)) return;
    context.reportError(
      new GraphQLError(`There is no ${node.operation} here: ask by query or mutation.`, { nodes: node }),
    );
  },
});
