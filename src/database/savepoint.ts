import type { Queryable } from './queryable.js';

/** Classes of SQLSTATE: the first two characters of a database error's code. */
export const badValue = '22';
export const brokenConstraint = '23';

/**
 * Runs work that the data may not allow. When it gives null, or the database refuses the data with an error of one of the
 * classes, everything it did is undone and null is returned. Other errors are thrown.
 * @param classes for example `badValue`, when a value does not fit its type
 */
export async function attempt<T>(
  client: Queryable,
  classes: readonly string[],
  work: () => Promise<T | null>,
): Promise<T | null> {
  await client.query('/* database.open_savepoint */ savepoint attempt');
  try {
    const result = await work();
    if (result !== null) {
      await client.query('/* database.release_savepoint */ release savepoint attempt');
      return result;
    }
  } catch (error) {
    if (!classes.includes((error as { code?: string }).code?.slice(0, 2) ?? '')) throw error;
  }
  await client.query('/* database.undo_savepoint */ rollback to savepoint attempt');
  return null;
}

/** Runs work and undoes all it did in the database, whatever it returns. An error ends the transaction as usual. */
export async function undoing<T>(client: Queryable, work: () => Promise<T>): Promise<T> {
  await client.query('/* database.open_savepoint */ savepoint undone');
  const result = await work();
  await client.query('/* database.undo_savepoint */ rollback to savepoint undone');
  return result;
}
