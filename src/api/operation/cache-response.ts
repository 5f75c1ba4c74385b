import type { OperationDefinitionNode } from 'graphql';
import type { ReportDescription } from '../contract/report-description.js';
import { camelCase } from '../contract/schema-names.js';
import { entityTag, namesTag } from '../http/entity-tag.js';
import type { OperationRequest, OperationState } from './operation-state.js';
import { writtenText } from './serialized-result.js';

/** Root fields whose values change only when a publication is made. */
export function cacheableFields(reports: readonly ReportDescription[]): ReadonlySet<string> {
  return new Set(reports.flatMap(({ name }) => [camelCase(name), `${camelCase(name)}Groups`]));
}

/**
 * Sets the entity tag of a successful query and its status (304 if the caller has the same response), and offers the
 * response to the cache.
 */
export function cacheResponse(
  { request, response, metrics, contextValue: context }: OperationRequest,
  operation: OperationDefinitionNode,
  { mark, earlier, cost }: OperationState,
  cacheable: ReadonlySet<string>,
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
  if (!mark || earlier || !asksOnlyFor(cacheable, operation)) return;
  const { operation: operationName } = context.note;
  context.keep({ publication: mark.number, body: text, etag, cost, operationName });
}

function asksOnlyFor(fields: ReadonlySet<string>, { selectionSet }: OperationDefinitionNode): boolean {
  return selectionSet.selections.every((each) => each.kind === 'Field' && fields.has(each.name.value));
}
