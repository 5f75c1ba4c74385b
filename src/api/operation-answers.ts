import {
  execute,
  GraphQLError,
  type GraphQLSchema,
  getVariableValues,
  type OperationDefinitionNode,
} from 'graphql';
import type pg from 'pg';
import type { Caller } from '../auth/caller.js';
import type { Scope } from '../auth/scopes.js';
import { AllowanceExceeded } from './allowance.js';
import type { ApiLogger } from './api-logger.js';
import { currentPublication, earlierPublication, type PublicationMark } from './as-of.js';
import type { CallerRights } from './caller-policy.js';
import { type CompiledPage, compilePage, type PageStatement, pageStatement } from './compiled-page.js';
import { camelCase } from './contract-names.js';
import { apiError, badInput, formatError, isCallersDoing, limitError } from './error-answers.js';
import { ERROR_CODES, isErrorCode } from './error-codes.js';
import { operationOutlook } from './graphql-cost.js';
import {
  chosenOperation,
  DocumentFaults,
  documentReader,
  type PreparedDocument,
} from './graphql-document.js';
import type { GraphqlParams } from './graphql-params.js';
import type { Limits } from './limits.js';
import { NamedStatements } from './named-statements.js';
import type { DocumentFinder } from './persisted-documents.js';
import { ReadSession, runPrepared } from './read-session.js';
import type { ReportDescription } from './report-source.js';
import { WalkBatches } from './report-walk.js';
import type { RequestContext } from './request-context.js';
import { scopeReader } from './required-scopes.js';
import { rfc3339 } from './scalars.js';
import { render } from './sql-text.js';

/** Who asks, and how. */
export interface OperationCaller {
  readonly caller: Caller;
  readonly rights: CallerRights;
  readonly requestId: string;
  readonly method: 'GET' | 'POST';
  /** Takes a cost off the caller's allowance. @throws RATE_LIMITED */
  spend(cost: number): Promise<void> | void;
}

export interface OperationAnswer {
  readonly status: number;
  /** JSON. */
  readonly body: string;
  /** An answer without errors to a query: the same request may be answered with it again. */
  readonly repeatable?: boolean;
  /** The publication the answer stems from and stays right for; undefined when it may change without one. */
  readonly keepFor?: number;
  readonly persisted: boolean;
  readonly cost: number;
  readonly operationName?: string;
  readonly operationType?: string;
  /** Scopes that were missing. */
  readonly missingScopes?: readonly Scope[];
}

export interface OperationAnswersOptions {
  readonly schema: GraphQLSchema;
  readonly reports: readonly ReportDescription[];
  readonly readerPool: pg.Pool;
  readonly limits: Limits;
  readonly findDocument: DocumentFinder;
  readonly logger: ApiLogger;
}

/** Root fields whose answers change with a publication and at no other time. */
const PAGE_NOTE = 'compiled page';

/** Answers operations; throws nothing but AllowanceExceeded. */
export function operationAnswers(options: OperationAnswersOptions) {
  const { schema, readerPool, limits, logger } = options;
  const readDocument = documentReader(schema, limits);
  const scopesNeeded = scopeReader(schema);
  const reportsByField = new Map(options.reports.map((report) => [camelCase(report.name), report]));
  const keepable = new Set([...reportsByField.keys()].flatMap((name) => [name, `${name}Groups`]));
  const statements = new NamedStatements();
  const marks = new Map<number, PublicationMark>();

  function compiled(
    prepared: PreparedDocument,
    operation: OperationDefinitionNode,
  ): CompiledPage | undefined {
    const note = `${PAGE_NOTE} ${operation.name?.value ?? ''}`;
    if (!prepared.notes.has(note))
      prepared.notes.set(note, compilePage(schema, reportsByField, prepared, operation));
    return prepared.notes.get(note) as CompiledPage | undefined;
  }

  async function markOf(number: number): Promise<PublicationMark | undefined> {
    if (number === 0) return undefined;
    const known = marks.get(number);
    if (known) return known;
    const session = new ReadSession(readerPool);
    try {
      const mark = await earlierPublication(session, number);
      marks.set(number, mark);
      return mark;
    } finally {
      await session.close();
    }
  }

  async function answerPage(
    page: CompiledPage,
    planned: PageStatement,
  ): Promise<{ data: string; mark?: PublicationMark }> {
    const { text, values } = render(planned.statement);
    const named = `/* api: ${page.report.name} whole page */ ${text}`;
    const rows = await runPrepared(readerPool, {
      name: statements.nameOf(named),
      text: named,
      values,
      rowMode: 'array',
    });
    const { data, publication } = planned.answer(rows);
    return { data, mark: await markOf(publication) };
  }

  async function answer(
    params: GraphqlParams,
    asker: OperationCaller,
    session: ReadSession,
  ): Promise<OperationAnswer> {
    let known: Pick<OperationAnswer, 'persisted' | 'cost' | 'operationName' | 'operationType'> = {
      persisted: false,
      cost: 0,
    };
    try {
      const { text, persisted } = options.findDocument(params);
      known = { ...known, persisted };
      const prepared = readDocument(text);
      const operation = chosenOperation(prepared, params.operationName);
      known = { ...known, operationName: operation.name?.value, operationType: operation.operation };
      if (asker.method === 'GET' && operation.operation !== 'query')
        throw apiError('METHOD_NOT_ALLOWED', 'A mutation cannot go by GET: send it by POST.');
      const needed = scopesNeeded(prepared.document, operation);
      const missing = [...needed].filter((scope) => !asker.caller.scopes.has(scope));
      if (missing.length > 0) {
        const message = `The operation needs the scope ${missing.join(' and ')}, which the token does not have.`;
        return {
          ...refusal(apiError('FORBIDDEN', message), asker.requestId),
          ...known,
          missingScopes: [...needed],
        };
      }
      const coerced = getVariableValues(schema, operation.variableDefinitions ?? [], params.variables ?? {}, {
        maxErrors: 10,
      });
      if (coerced.errors) throw new DocumentFaults(coerced.errors.map(variableFault));
      const { cost, asOf } = operationOutlook(schema, prepared.document, operation, coerced.coerced);
      known = { ...known, cost };
      const allowed = Math.min(limits.cost, asker.rights.quotas.maxCost ?? Number.POSITIVE_INFINITY);
      if (cost > allowed) throw limitError('cost', allowed, cost);
      await asker.spend(cost);
      const page = compiled(prepared, operation);
      const planned = page && planOrLeave(() => pageStatement(page, asker.rights, coerced.coerced));
      if (page && planned) {
        const found = await answerPage(page, planned).catch((error: unknown) => {
          throw new GraphQLError('failed', {
            nodes: page.node,
            path: [(page.node.alias ?? page.node.name).value],
            originalError: error as Error,
          });
        });
        const body = `{"data":${found.data},"extensions":${extensionsOf(found.mark)}}`;
        return { ...known, status: 200, body, repeatable: true, keepFor: found.mark?.number };
      }
      return { ...known, ...(await executeAll(prepared, operation, params, asker, session, asOf)) };
    } catch (error) {
      if (error instanceof AllowanceExceeded) throw error;
      const faults = error instanceof DocumentFaults ? error.faults : [error];
      return { ...known, ...refusals(faults, asker.requestId) };
    }
  }

  async function executeAll(
    prepared: PreparedDocument,
    operation: OperationDefinitionNode,
    params: GraphqlParams,
    { caller, rights, requestId }: OperationCaller,
    session: ReadSession,
    asOf: ReadonlySet<number | undefined>,
  ): Promise<Pick<OperationAnswer, 'status' | 'body' | 'repeatable' | 'keepFor'>> {
    if (asOf.size > 1)
      throw badInput(
        'asOf differs between parts of the request: all of an answer stems from one publication.',
      );
    const [number] = asOf;
    const current = number === undefined ? undefined : await currentPublication(session);
    const earlier =
      number === undefined || number === current?.number
        ? undefined
        : await earlierPublication(session, number);
    const contextValue: RequestContext = {
      requestId,
      caller,
      rights,
      session,
      walks: new WalkBatches(session),
      asOf: earlier?.number,
    };
    const result = await execute({
      schema,
      document: prepared.document,
      operationName: operation.name?.value,
      variableValues: params.variables,
      contextValue,
    });
    const mark = session.used ? (earlier ?? current ?? (await currentPublication(session))) : undefined;
    const extensions = session.used ? JSON.parse(extensionsOf(mark)) : undefined;
    if (result.errors) {
      const formatted = result.errors.map((error) => told(error, requestId));
      const failed = result.data === null || result.data === undefined;
      const status = failed ? statusOf(formatted[0]!.extensions?.code) : 200;
      return { status, body: JSON.stringify({ errors: formatted, data: result.data, extensions }) };
    }
    const body = JSON.stringify({ data: result.data, extensions });
    if (operation.operation !== 'query') return { status: 200, body };
    const fields = operation.selectionSet.selections.map((each) =>
      each.kind === 'Field' ? each.name.value : '',
    );
    const keep = !earlier && fields.every((name) => keepable.has(name));
    return { status: 200, body, repeatable: true, keepFor: keep ? mark?.number : undefined };
  }

  function told(error: GraphQLError, requestId: string) {
    const formatted = formatError(error, requestId);
    if (!isCallersDoing(formatted))
      logger.error({ requestId, err: error.originalError ?? error, path: error.path }, 'an operation failed');
    return formatted;
  }

  function refusals(errors: readonly unknown[], requestId: string) {
    const formatted = errors.map((error) =>
      told(
        error instanceof GraphQLError ? error : new GraphQLError('failed', { originalError: error as Error }),
        requestId,
      ),
    );
    // What failed below a field answers null for it, as the resolvers would.
    const data = formatted[0]?.path ? { data: null } : {};
    return {
      status: statusOf(formatted[0]!.extensions?.code),
      body: JSON.stringify({ errors: formatted, ...data }),
    };
  }

  const refusal = (error: GraphQLError, requestId: string) => refusals([error], requestId);
  return answer;
}

/** The plan, or nothing where the arguments are wrong: the resolvers then say so in their place in the answer. */
function planOrLeave<Plan>(plan: () => Plan): Plan | undefined {
  try {
    return plan();
  } catch {
    return undefined;
  }
}

function statusOf(code: unknown): number {
  return isErrorCode(code) ? ERROR_CODES[code].status : 500;
}

function variableFault(error: GraphQLError): GraphQLError {
  return new GraphQLError(error.message, { nodes: error.nodes, extensions: { code: 'BAD_USER_INPUT' } });
}

function extensionsOf(mark: PublicationMark | undefined): string {
  if (!mark) return '{"publication":null}';
  const { number, publishedDate, asOfDay, checkState } = mark;
  return JSON.stringify({
    publication: { number, publishedDate: rfc3339(publishedDate), asOfDay, checkState },
  });
}
