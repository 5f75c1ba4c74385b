import {
  type ApolloServerPlugin,
  type GraphQLRequestContext,
  type GraphQLRequestContextDidResolveOperation,
  type GraphQLRequestListener,
  HeaderMap,
} from '@apollo/server';
import {
  type DocumentNode,
  type FormattedExecutionResult,
  GraphQLError,
  type GraphQLSchema,
  getVariableValues,
  type OperationDefinitionNode,
} from 'graphql';
import type pg from 'pg';
import { AccessRefusal, challengeOf, type ProtectedResource } from '../../auth/access-refusal.js';
import { describeSpan } from '../../telemetry.js';
import { currentPublication, earlierPublication, type PublicationMark } from '../access/as-of.js';
import type { ApiLogger } from '../api-logger.js';
import type { ReportDescription } from '../contract/report-description.js';
import { rfc3339 } from '../contract/scalars.js';
import { camelCase } from '../contract/schema-names.js';
import { AllowanceExceeded } from '../errors/allowance-exceeded.js';
import { badInput, formatError, isCallersDoing, limitError, statusOf } from '../errors/api-error.js';
import { ERROR_CODES, type ErrorCode } from '../errors/error-codes.js';
import { entityTag, namesTag } from '../http/entity-tag.js';
import type { Limits } from '../limits/limits.js';
import { type OperationOutlook, operationOutlook } from '../limits/query-cost.js';
import { checkInputDepth, checkShape } from '../limits/query-limits.js';
import { pageArguments, pageOutlook } from '../page-plan/page-plan.js';
import { type PageAnswer, PageAnswers } from '../page-plan/page-reader.js';
import { WalkBatches } from '../reports/related-rows.js';
import { remembered } from '../weak-memo.js';
import { documentedError } from './graphql-error.js';
import type { RequestContext } from './request-context.js';
import { scopeReader } from './required-scopes.js';
import { writtenAnswer, writtenText } from './serialized-result.js';
import type { Safelist } from './trusted-documents.js';

export interface OperationPluginOptions {
  readonly schema: GraphQLSchema;
  readonly reports: readonly ReportDescription[];
  readonly readerPool: pg.Pool;
  readonly limits: Limits;
  readonly safelist?: Safelist;
  readonly resource: ProtectedResource;
  readonly logger: ApiLogger;
}

type Resolved = GraphQLRequestContextDidResolveOperation<RequestContext>;

/**
 * What Apollo does with each operation besides parsing, validating and executing it: scopes, limits and allowances
 * before; pages of reports answered by one statement instead of field by field; the publication, the status and the
 * entity tag after.
 */
export function operationPlugin(options: OperationPluginOptions): ApolloServerPlugin<RequestContext> {
  const { schema, reports, limits, safelist, resource, logger } = options;
  const scopesNeeded = scopeReader(schema);
  const pages = new PageAnswers(schema, reports, options.readerPool);
  const measured = new WeakSet<DocumentNode>();
  /** Root fields whose answers change with a publication and at no other time. */
  const keepable = new Set(reports.flatMap(({ name }) => [camelCase(name), `${camelCase(name)}Groups`]));

  function checkScopes(
    operation: OperationDefinitionNode,
    { document, contextValue, requestIsBatched }: Resolved,
  ): void {
    const needed = scopesNeeded(operation, document);
    const missing = [...needed].filter((scope) => !contextValue.caller.scopes.has(scope));
    if (missing.length === 0) return;
    const challenge = challengeOf(
      new AccessRefusal('insufficient_scope', 'The token lacks a scope.', [...needed]),
      resource,
    );
    const message = `The operation needs the scope ${missing.join(' and ')}, which the token does not have.`;
    // A batch has other answers, which the challenge would not be about.
    throw refusal('FORBIDDEN', message, requestIsBatched ? {} : { 'www-authenticate': challenge });
  }

  async function spend(cost: number, { asked, rights, spend }: RequestContext): Promise<void> {
    const allowed = Math.min(limits.cost, rights.quotas.maxCost ?? Number.POSITIVE_INFINITY);
    if (asked.cost + cost > allowed) throw limitError('cost', allowed, asked.cost + cost);
    asked.cost += cost;
    try {
      await spend(cost);
    } catch (error) {
      if (!(error instanceof AllowanceExceeded)) throw error;
      const headers = { ...error.headers, 'retry-after': String(error.retryAfterSeconds) };
      throw refusal('RATE_LIMITED', error.error.message, headers, error.error.extensions.limit);
    }
  }

  class OperationListener implements GraphQLRequestListener<RequestContext> {
    readonly #batched: boolean;
    #page: PageAnswer | undefined;
    #current: PublicationMark | undefined;
    #earlier: PublicationMark | undefined;
    #mark: PublicationMark | undefined;
    #cost = 0;

    constructor({ requestIsBatched }: GraphQLRequestContext<RequestContext>) {
      this.#batched = requestIsBatched;
    }

    async didResolveOperation(request: Resolved): Promise<void> {
      const { document, operation, contextValue: context } = request;
      if (safelist && safelist.get(request.queryHash) !== request.source)
        throw refusal('PERSISTED_QUERY_NOT_LISTED');
      if (!measured.has(document)) {
        checkShape(document, limits);
        measured.add(document);
      }
      // Apollo says so itself when it cannot tell the operation, or when variables are wrong.
      if (!operation) return;
      checkScopes(operation, request);
      checkInputDepth(request.request.variables, limits);
      const variables = getVariableValues(
        schema,
        operation.variableDefinitions ?? [],
        request.request.variables ?? {},
        { maxErrors: 1 },
      ).coerced;
      if (!variables) return;
      const { cost, asOf } = this.#plan(document, operation, context, variables);
      this.#cost = cost;
      await spend(cost, context);
      if (!this.#page) await this.#openSession(context, asOf);
    }

    /** Finds out what the operation takes, and whether it is a page that one statement answers. */
    #plan(
      document: DocumentNode,
      operation: OperationDefinitionNode,
      { rights }: RequestContext,
      variables: Readonly<Record<string, unknown>>,
    ): OperationOutlook {
      // The answers of a batch stem from one publication, so all its operations read within one session.
      const page = this.#batched ? undefined : pages.pageOf(operation, document);
      if (!page) return operationOutlook(schema, document, operation, variables);
      const args = pageArguments(page, variables);
      this.#page = pages.answerOf(page, rights, args);
      return pageOutlook(page, args);
    }

    async #openSession(context: RequestContext, asOf: ReadonlySet<number | undefined>): Promise<void> {
      if (asOf.size > 1)
        throw badInput(
          'asOf differs between parts of the request: all of an answer stems from one publication.',
        );
      const [number] = asOf;
      const { session } = context;
      context.walks = new WalkBatches(session);
      if (number === undefined) return;
      this.#current = await currentPublication(session);
      if (number !== this.#current?.number) this.#earlier = await earlierPublication(session, number);
      context.asOf = this.#earlier?.number;
    }

    async responseForOperation({ contextValue }: GraphQLRequestContext<RequestContext>) {
      if (!this.#page) return null;
      const singleResult = await this.#answerPage(this.#page, contextValue.requestId);
      return { http: { headers: new HeaderMap() }, body: { kind: 'single' as const, singleResult } };
    }

    async #answerPage({ page, run }: PageAnswer, requestId: string): Promise<FormattedExecutionResult> {
      try {
        const { data, mark } = await run();
        this.#mark = mark;
        return writtenAnswer(
          `{"data":${data},"extensions":${mark ? extensionsText(mark) : JSON.stringify(extensionsOf(mark))}}`,
        );
      } catch (error) {
        const path = [(page.node.alias ?? page.node.name).value];
        const told = new GraphQLError('failed', { nodes: page.node, path, originalError: error as Error });
        note([told], requestId);
        return { errors: [formatError(told)], data: null };
      }
    }

    async didEncounterErrors({ errors, contextValue }: GraphQLRequestContext<RequestContext>): Promise<void> {
      note(errors ?? [], contextValue.requestId);
    }

    async willSendResponse(request: GraphQLRequestContext<RequestContext>): Promise<void> {
      const { response, operation, contextValue: context } = request;
      const { body, http } = response;
      if (body?.kind !== 'single') return;
      const { errors, data } = body.singleResult;
      if (!this.#page || errors) body.singleResult = await this.#write(body.singleResult, context);
      this.#noteRequest(request);
      // The operations of a batch succeed and fail each for itself.
      http.status = errors && !data && !this.#batched ? statusOf(errors) : 200;
      if (this.#batched) return;
      void context.session.close();
      if (!errors && operation?.operation === 'query') this.#offerAgain(request, operation);
    }

    /** Writes an answer that was executed, or a refusal. */
    async #write(
      { errors, data }: FormattedExecutionResult,
      { session, requestId }: RequestContext,
    ): Promise<FormattedExecutionResult> {
      if (session.used) {
        // After a failed statement the session answers nothing more.
        this.#mark =
          this.#earlier ??
          this.#current ??
          (await currentPublication(session).catch((error: unknown) => {
            if (!errors) throw error;
            return undefined;
          }));
      }
      const extensions = session.used ? extensionsOf(this.#mark) : undefined;
      const told = errors?.map((error) => ({
        ...error,
        extensions: { ...error.extensions, requestId },
      }));
      return writtenAnswer(JSON.stringify({ errors: told, data, extensions }));
    }

    #noteRequest({ contextValue: { note }, operation }: GraphQLRequestContext<RequestContext>): void {
      note.byApollo = true;
      note.operation = this.#batched ? 'batch' : (operation?.name?.value ?? operation?.operation);
      note.cost = (note.cost ?? 0) + this.#cost;
      describeSpan(operationTitle(operation), {
        'graphql.operation.name': operation?.name?.value,
        'graphql.operation.type': operation?.operation,
        'marquee.cost': note.cost,
      });
    }

    #offerAgain(
      { request, response, metrics, contextValue: context }: GraphQLRequestContext<RequestContext>,
      operation: OperationDefinitionNode,
    ): void {
      const { body, http } = response;
      if (body?.kind !== 'single') return;
      const text = writtenText(body.singleResult)!;
      const persisted = metrics.persistedQueryHit || metrics.persistedQueryRegister;
      const etag = request.http?.method === 'GET' || persisted ? entityTag(text) : undefined;
      if (etag) {
        http.headers.set('etag', etag);
        if (namesTag(request.http?.headers.get('if-none-match'), etag)) http.status = 304;
      }
      if (!this.#mark || this.#earlier || !isKeepable(operation)) return;
      context.keep({
        publication: this.#mark.number,
        body: text,
        etag,
        cost: this.#cost,
        operationName: context.note.operation,
      });
    }
  }

  function isKeepable({ selectionSet }: OperationDefinitionNode): boolean {
    return selectionSet.selections.every((each) => each.kind === 'Field' && keepable.has(each.name.value));
  }

  function note(errors: readonly GraphQLError[], requestId: string): void {
    for (const error of errors) {
      if (isCallersDoing(formatError(documentedError(error, limits)))) continue;
      logger.error({ requestId, err: error.originalError ?? error, path: error.path }, 'an operation failed');
    }
  }

  return { requestDidStart: async (request) => new OperationListener(request) };
}

/** As OpenTelemetry names operations: `query Films`. */
function operationTitle(operation: OperationDefinitionNode | undefined): string | undefined {
  return operation && [operation.operation, operation.name?.value].filter(Boolean).join(' ');
}

/** A refusal with headers of its own. */
function refusal(
  code: ErrorCode,
  message?: string,
  headers: Readonly<Record<string, string>> = {},
  limit?: unknown,
): GraphQLError {
  return new GraphQLError(message ?? ERROR_CODES[code].message, {
    extensions: {
      code,
      ...(limit !== undefined && { limit }),
      http: { status: ERROR_CODES[code].status, headers: new HeaderMap(Object.entries(headers)) },
    },
  });
}

function extensionsOf(mark: PublicationMark | undefined): object {
  if (!mark) return { publication: null };
  const { number, publishedDate, asOfDay, checkState } = mark;
  return { publication: { number, publishedDate: rfc3339(publishedDate), asOfDay, checkState } };
}

/** The same as JSON, written once for each publication. */
const extensionsText = remembered((mark: PublicationMark) => JSON.stringify(extensionsOf(mark)));
