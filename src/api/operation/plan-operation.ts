import { type GraphQLSchema, getVariableValues, type OperationDefinitionNode } from 'graphql';
import type { RequestLimits } from '../limits/limits.js';
import { type OperationOutlook, operationOutlook } from '../limits/query-cost.js';
import { pageArguments, pageOutlook } from '../page-plan/page-plan.js';
import type { PageAnswers } from '../page-plan/page-reader.js';
import type { OperationState, ResolvedRequest } from './operation-state.js';

/**
 * Works out the cost of an operation and the publication it reads, and sets `state.page` if one statement can answer
 * all of it.
 * @returns undefined if the variables are invalid: Apollo reports that itself
 */
export function planOperation(
  schema: GraphQLSchema,
  pages: PageAnswers,
  operation: OperationDefinitionNode,
  { document, request, contextValue }: ResolvedRequest,
  state: OperationState,
  limits: RequestLimits,
): OperationOutlook | undefined {
  const variables = getVariableValues(schema, operation.variableDefinitions ?? [], request.variables ?? {}, {
    maxErrors: 1,
  }).coerced;
  if (!variables) return undefined;
  // All operations of a batch read one publication, so they share one session.
  const page = state.batched ? undefined : pages.pageOf(operation, document);
  if (!page) return operationOutlook(schema, document, operation, variables, limits);
  const args = pageArguments(page, variables);
  // Measured first: a filter that is too large must not be compiled.
  const outlook = pageOutlook(page, args, limits);
  state.page = pages.answerOf(page, contextValue.rights, args);
  return outlook;
}
