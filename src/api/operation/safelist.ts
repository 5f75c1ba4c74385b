import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Fault, messageOf } from '../../fault.js';
import { errorWithHeaders } from './operation-errors.js';
import type { ResolvedRequest } from './operation-state.js';

/** The only documents that the API runs, by the SHA-256 of their text. */
export type Safelist = ReadonlyMap<string, string>;

/**
 * Reads a safelist: a JSON list of documents.
 * @throws Fault `safelist_invalid`
 */
export async function loadSafelist(file: string): Promise<Safelist> {
  try {
    const content: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (!Array.isArray(content) || !content.every((each) => typeof each === 'string'))
      throw new Error('it is not a list of strings');
    return new Map(
      content.map((text: string) => [createHash('sha256').update(text).digest('hex'), text] as const),
    );
  } catch (error) {
    throw new Fault(
      'safelist_invalid',
      `Cannot read the safelist ${file}: ${messageOf(error)}. Expected a JSON list of GraphQL documents.`,
      { cause: error },
    );
  }
}

/** Replaces Apollo's cache of persisted documents. It contains only the documents of the safelist. */
export function safelistCache(safelist: Safelist) {
  return {
    // Apollo prefixes the hash with the name of its feature.
    get: async (key: string) => safelist.get(key.slice(key.indexOf(':') + 1)),
    set: async () => undefined,
    delete: async () => undefined,
  };
}

/** @throws PERSISTED_QUERY_NOT_LISTED if there is a safelist and the document is not on it */
export function checkSafelist(safelist: Safelist | undefined, { queryHash, source }: ResolvedRequest): void {
  if (safelist && safelist.get(queryHash) !== source) throw errorWithHeaders('PERSISTED_QUERY_NOT_LISTED');
}
