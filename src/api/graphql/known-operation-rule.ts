import { GraphQLError, type ValidationRule } from 'graphql';

/** Rejects operation types that the contract lacks, such as subscriptions. No built-in validation rule does. */
export const knownOperations: ValidationRule = (context) => ({
  OperationDefinition(node) {
    if (context.getSchema().getRootType(node.operation)) return;
    context.reportError(
      new GraphQLError(`Operations of type ${node.operation} are not supported: use a query or a mutation.`, {
        nodes: node,
      }),
    );
  },
});
