import type { OperationDefinitionNode } from 'graphql';
import { describeSpan } from '../../telemetry.js';
import type { OperationRequest, OperationState } from './operation-state.js';

/** Records name, type and cost of an operation for the log and the trace. */
export function recordOperation(
  { contextValue: { note }, operation }: OperationRequest,
  { batched, cost }: OperationState,
): void {
  note.byApollo = true;
  note.operation = batched ? 'batch' : (operation?.name?.value ?? operation?.operation);
  note.cost = (note.cost ?? 0) + cost;
  describeSpan(spanName(operation), {
    'graphql.operation.name': operation?.name?.value,
    'graphql.operation.type': operation?.operation,
    'marquee.cost': note.cost,
  });
}

/** The name that OpenTelemetry specifies for operations, such as `query Films`. */
function spanName(operation: OperationDefinitionNode | undefined): string | undefined {
  return operation && [operation.operation, operation.name?.value].filter(Boolean).join(' ');
}
