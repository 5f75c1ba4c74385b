import { currentPublication, earlierPublication, type PublicationMark } from '../access/as-of.js';
import { rfc3339 } from '../contract/scalars.js';
import { badInput } from '../errors/api-error.js';
import { RelatedRowBatches } from '../reports/related-rows.js';
import { weakMemo } from '../weak-memo.js';
import type { OperationState } from './operation-state.js';
import type { RequestContext } from './request-context.js';

/**
 * Points the session at the publication that the resolvers read.
 * @param asOf the publications that parts of the operation ask for; undefined stands for the current one
 * @throws BAD_USER_INPUT if the parts disagree, or if the publication cannot be read
 */
export async function openPublication(
  asOf: ReadonlySet<number | undefined>,
  context: RequestContext,
  state: OperationState,
): Promise<void> {
  if (asOf.size > 1)
    throw badInput('asOf differs between parts of the request. Use the same asOf for all of them.');
  const [number] = asOf;
  const { session } = context;
  context.relatedRows = new RelatedRowBatches(session);
  if (number === undefined) return;
  state.current = await currentPublication(session);
  if (number !== state.current?.number) state.earlier = await earlierPublication(session, number);
  context.asOf = state.earlier?.number;
}

/** The publication that the resolvers have read. */
export async function publicationRead(
  { session }: RequestContext,
  { current, earlier }: OperationState,
  failed: boolean,
): Promise<PublicationMark | undefined> {
  return (
    earlier ??
    current ??
    (await currentPublication(session).catch((error: unknown) => {
      // The session answers nothing after a failed statement, and the response reports that failure already.
      if (!failed) throw error;
      return undefined;
    }))
  );
}

/** The `extensions` of a response: the publication it reflects. */
export function publicationExtensions(mark: PublicationMark | undefined): object {
  if (!mark) return { publication: null };
  const { number, publishedDate, asOfDay, checkState } = mark;
  return { publication: { number, publishedDate: rfc3339(publishedDate), asOfDay, checkState } };
}

const jsonOf = weakMemo((mark: PublicationMark) => JSON.stringify(publicationExtensions(mark)));

/** `publicationExtensions` as JSON, written once per publication. */
export function publicationExtensionsJson(mark: PublicationMark | undefined): string {
  return mark ? jsonOf(mark) : JSON.stringify(publicationExtensions(undefined));
}
