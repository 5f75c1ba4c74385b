import { apiError } from './error-answers.js';

const MODERN = 'application/graphql-response+json';
const PLAIN = 'application/json';

/**
 * The media type to answer in (GraphQL over HTTP): the one the caller likes best of the two there are.
 * @throws NOT_ACCEPTABLE
 */
export function answerType(accept: string | undefined): string {
  if (accept === undefined || accept === '*/*') return `${PLAIN}; charset=utf-8`;
  let best: { type: string; quality: number } | undefined;
  for (const range of accept.split(',')) {
    const [name = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const charset = parameters.find((part) => part.startsWith('charset='))?.slice(8);
    if (charset !== undefined && !/^"?utf-?8"?$/.test(charset)) continue;
    const quality = Number(parameters.find((part) => part.startsWith('q='))?.slice(2) ?? 1);
    const type =
      name === MODERN ? MODERN : ['*/*', 'application/*', PLAIN].includes(name) ? PLAIN : undefined;
    if (type && quality > (best?.quality ?? 0)) best = { type, quality };
  }
  if (best) return `${best.type}; charset=utf-8`;
  throw apiError(
    'NOT_ACCEPTABLE',
    `None of the accepted media types can be given: accept ${MODERN} or ${PLAIN}.`,
  );
}
