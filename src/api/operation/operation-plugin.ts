import { type ApolloServerPlugin, type GraphQLRequestListener, HeaderMap } from '@apollo/server';
import type { GraphQLSchema } from 'graphql';
import type pg from 'pg';
import type { ProtectedResource } from '../../auth/access-error.js';
import type { ApiLogger } from '../api-logger.js';
import type { ReportDescription } from '../contract/report-description.js';
import { statusOf } from '../errors/api-error.js';
import type { RequestLimits } from '../limits/limits.js';
import { checkInputDepth, shapeCheck } from '../limits/query-limits.js';
import { PageAnswers } from '../page-plan/page-reader.js';
import { cacheableFields, cacheResponse } from './cache-response.js';
import { scopeCheck } from './check-scopes.js';
import { operationErrorLog } from './operation-errors.js';
import type { OperationState } from './operation-state.js';
import { planOperation } from './plan-operation.js';
import { openPublication } from './read-publication.js';
import { recordOperation } from './record-operation.js';
import type { RequestContext } from './request-context.js';
import { checkSafelist, type Safelist } from './safelist.js';
import { spendCost } from './spend-cost.js';
import { pageResponse, resolverResponse } from './write-response.js';

export interface OperationPluginOptions {
  readonly schema: GraphQLSchema;
  readonly reports: readonly ReportDescription[];
  readonly readerPool: pg.Pool;
  readonly limits: RequestLimits;
  readonly safelist?: Safelist;
  readonly resource: ProtectedResource;
  readonly logger: ApiLogger;
}

/**
 * The steps of an operation, besides those that Apollo does itself (parse, validate, execute): checks of limits, scopes
 * and quotas before it runs; one statement instead of resolvers if it asks for one page of a report; publication,
 * status, entity tag and cache after it.
 */
export function operationPlugin(options: OperationPluginOptions): ApolloServerPlugin<RequestContext> {
  const { schema, reports, limits, safelist, resource } = options;
  const checkShapeOnce = shapeCheck(limits);
  const checkScopes = scopeCheck(schema, resource);
  const pages = new PageAnswers(schema, reports, options.readerPool);
  const cacheable = cacheableFields(reports);
  const log = operationErrorLog(options.logger, limits);

  const listenerFor = (state: OperationState): GraphQLRequestListener<RequestContext> => ({
    async didResolveOperation(request) {
      const { document, operation, contextValue: context } = request;
      checkSafelist(safelist, request);
      checkShapeOnce(document);
      // Without an operation or with invalid variables Apollo reports the error itself.
      if (!operation) return;
      checkScopes(operation, request);
      checkInputDepth(request.request.variables, limits);
      const outlook = planOperation(schema, pages, operation, request, state, limits);
      if (!outlook) return;
      state.cost = outlook.cost;
      await spendCost(outlook.cost, context, limits);
      if (!state.page) await openPublication(outlook.asOf, context, state);
    },

    async responseForOperation({ contextValue }) {
      if (!state.page) return null;
      const singleResult = await pageResponse(state, contextValue, log);
      return { http: { headers: new HeaderMap() }, body: { kind: 'single', singleResult } };
    },

    async didEncounterErrors({ errors, contextValue }) {
      log(errors ?? [], contextValue.requestId);
    },

    async willSendResponse(request) {
      const { response, operation, contextValue: context } = request;
      const { body, http } = response;
      if (body?.kind !== 'single') return;
      const { errors, data } = body.singleResult;
      if (!state.page || errors)
        body.singleResult = await resolverResponse(body.singleResult, context, state);
      recordOperation(request, state);
      // The operations of a batch succeed or fail independently.
      http.status = errors && !data && !state.batched ? statusOf(errors) : 200;
      if (state.batched) return;
      void context.session.close();
      if (!errors && operation?.operation === 'query') cacheResponse(request, operation, state, cacheable);
    },
  });

  return {
    requestDidStart: async ({ requestIsBatched }) => listenerFor({ batched: requestIsBatched, cost: 0 }),
  };
}
