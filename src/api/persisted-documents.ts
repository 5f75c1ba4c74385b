import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Fault, messageOf } from '../fault.js';
import { apiError } from './error-answers.js';
import type { GraphqlParams } from './graphql-params.js';
import { LruCache } from './lru-cache.js';

/** Turns a request's parameters into the text of a document, which a hash may stand for. */
export type DocumentFinder = (params: GraphqlParams) => { text: string; persisted: boolean };

/** Documents kept for callers who send only hashes; the oldest unused go first, and are then sent again. */
const KEPT_BYTES = 16_000_000;

/**
 * Finds documents by their SHA-256 ("automatic persisted queries"): a caller sends a document once with its hash, then
 * the hash alone.
 * @param safelist The only documents that are answered; all when absent.
 */
export function documentFinder(safelist: ReadonlyMap<string, string> | undefined): DocumentFinder {
  const kept = new LruCache<string>(KEPT_BYTES);
  return ({ query, extensions }) => {
    const persisted = extensions?.persistedQuery as { version?: unknown; sha256Hash?: unknown } | undefined;
    if (!persisted) {
      if (!query) throw apiError('BAD_REQUEST', 'The request has no query.');
      if (safelist && safelist.get(sha256(query)) !== query) throw apiError('PERSISTED_QUERY_NOT_LISTED');
      return { text: query, persisted: false };
    }
    const { version, sha256Hash: hash } = persisted;
    if (version !== 1 || typeof hash !== 'string' || !/^[0-9a-f]{64}$/.test(hash))
      throw apiError(
        'BAD_REQUEST',
        'extensions.persistedQuery is not {version: 1, sha256Hash: 64 hex digits}.',
      );
    if (safelist) {
      const listed = safelist.get(hash);
      if (listed === undefined) throw apiError('PERSISTED_QUERY_NOT_LISTED');
      return { text: listed, persisted: true };
    }
    if (query) {
      if (sha256(query) !== hash)
        throw apiError('BAD_REQUEST', 'extensions.persistedQuery.sha256Hash is not the hash of the query.');
      kept.set(hash, query, query.length * 2);
      return { text: query, persisted: true };
    }
    const text = kept.get(hash);
    if (text === undefined) throw apiError('PERSISTED_QUERY_NOT_FOUND');
    return { text, persisted: true };
  };
}

/**
 * Reads a safelist: a JSON list of documents.
 * @throws Fault `safelist_invalid`
 */
export async function loadSafelist(file: string): Promise<ReadonlyMap<string, string>> {
  try {
    const content: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (!Array.isArray(content) || !content.every((each) => typeof each === 'string'))
      throw new Error('it is not a list of strings');
    return new Map(content.map((text: string) => [sha256(text), text]));
  } catch (error) {
    throw new Fault(
      'safelist_invalid',
      `${file} is no safelist: ${messageOf(error)}. Expected a JSON list of GraphQL documents.`,
      { cause: error },
    );
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
