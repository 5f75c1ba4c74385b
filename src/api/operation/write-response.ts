import { type FormattedExecutionResult, GraphQLError } from 'graphql';
import { formatError } from '../errors/api-error.js';
import type { OperationErrorLog } from './operation-errors.js';
import type { OperationState } from './operation-state.js';
import { publicationExtensions, publicationExtensionsJson, publicationRead } from './read-publication.js';
import type { RequestContext } from './request-context.js';
import { writtenAnswer } from './serialized-result.js';

/** The response to an operation that one statement answers. */
export async function pageResponse(
  state: OperationState,
  { requestId, used }: RequestContext,
  log: OperationErrorLog,
): Promise<FormattedExecutionResult> {
  const { page, run } = state.page!;
  try {
    const { data, mark } = await run((milliseconds) => {
      used.databaseMs += milliseconds;
    });
    state.mark = mark;
    return writtenAnswer(`{"data":${data},"extensions":${publicationExtensionsJson(mark)}}`);
  } catch (cause) {
    const path = [(page.node.alias ?? page.node.name).value];
    const error = new GraphQLError('failed', { nodes: page.node, path, originalError: cause as Error });
    log([error], requestId);
    return { errors: [formatError(error)], data: null };
  }
}

/** The response to an operation that resolvers answered, or that was refused. */
export async function resolverResponse(
  { errors, data }: FormattedExecutionResult,
  context: RequestContext,
  state: OperationState,
): Promise<FormattedExecutionResult> {
  const { session, requestId } = context;
  if (session.used) state.mark = await publicationRead(context, state, errors !== undefined);
  const extensions = session.used ? publicationExtensions(state.mark) : undefined;
  const identified = errors?.map((error) => ({
    ...error,
    extensions: { ...error.extensions, requestId },
  }));
  return writtenAnswer(JSON.stringify({ errors: identified, data, extensions }));
}
