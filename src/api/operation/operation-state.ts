import type { GraphQLRequestContext, GraphQLRequestContextDidResolveOperation } from '@apollo/server';
import type { PublicationMark } from '../access/as-of.js';
import type { PageAnswer } from '../page-plan/page-reader.js';
import type { RequestContext } from './request-context.js';

/** Apollo's view of a request, in any step. */
export type OperationRequest = GraphQLRequestContext<RequestContext>;

/** Apollo's view of a request whose document is parsed and valid. */
export type ResolvedRequest = GraphQLRequestContextDidResolveOperation<RequestContext>;

/** What the steps of one operation learn and pass on. */
export interface OperationState {
  readonly batched: boolean;
  cost: number;
  /** Set if one statement answers the whole operation. */
  page?: PageAnswer | undefined;
  /** The current publication, if the operation asked for a publication by number. */
  current?: PublicationMark | undefined;
  /** The earlier publication that the operation reads. */
  earlier?: PublicationMark | undefined;
  /** The publication that the response reflects. */
  mark?: PublicationMark | undefined;
}
