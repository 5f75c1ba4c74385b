import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Fault, messageOf } from '../../fault.js';

/** The only documents that are answered, by the SHA-256 of their text. */
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
      `${file} is no safelist: ${messageOf(error)}. Expected a JSON list of GraphQL documents.`,
      { cause: error },
    );
  }
}

/** A safelist in the place of the documents that callers persist themselves: each is there from the start, and no other. */
export function safelistCache(safelist: Safelist) {
  return {
    // Apollo puts the feature's name before the hash.
    get: async (key: string) => safelist.get(key.slice(key.indexOf(':') + 1)),
    set: async () => undefined,
    delete: async () => undefined,
  };
}
