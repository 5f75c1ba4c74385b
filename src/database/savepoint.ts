import type { Queryable } from './queryable.js';

/**
 * Runs work that casts without guards: when it gives null, or a value does not fit its type (class 22), a key is missing or
 * comes twice (class 23), all it did is undone and null is given.
 */
export async function unlessFaulty<T>(client: Queryable, work: () => Promise<T | null>): Promise<T | null> {
  await client.query('savepoint bare_casts');
  try {
    const result = await work();
    if (result !== null) {
      await client.query('release savepoint bare_casts');
      return result;
    }
  } catch (error) {
    if (!/^2[23]/.test((error as { code?: string }).code ?? '')) throw error;
  }
  await client.query('rollback to savepoint bare_casts');
  return null;
}
