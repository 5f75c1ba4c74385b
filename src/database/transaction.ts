import { AsyncLocalStorage } from 'node:async_hooks';
import type { Pool, PoolClient } from 'pg';

const stopSignal = new AsyncLocalStorage<AbortSignal>();

/** A statement may end between the moment it is to be given up and the next one's begin: it is asked again so often. */
const askAgainMs = 250;

/**
 * Has the transactions that `work` opens end with the signal: Postgres gives up the statement under way, which otherwise
 * would occupy the server, and its table, until it has ended by itself.
 */
export function stoppedBy<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  return stopSignal.run(signal, work);
}

/**
 * Runs `work` in one transaction: committed when it returns, rolled back when it throws.
 * @throws what `work` throws; once the signal of `stoppedBy` has aborted, its reason or the database's `query_canceled` (57014)
 */
export function inTransaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  return begun(pool, 'begin', work);
}

/**
 * Runs `work` on one snapshot of the database, as it is at its first statement: what is committed meanwhile, by a publication
 * say, comes between no two statements. For reading alone, of tables that are not replaced: one that was made since is empty.
 * @throws as `inTransaction`
 */
export function inSnapshot<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  return begun(pool, beginSnapshot, work);
}

/** Begins what `inSnapshot` runs its work in. */
export const beginSnapshot = 'begin isolation level repeatable read read only';

async function begun<T>(pool: Pool, begin: string, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const signal = stopSignal.getStore();
  signal?.throwIfAborted();
  const client = await pool.connect();
  let broken: Error | undefined;
  // A lost connection rejects the query under way and is emitted as well; without a listener that ends the process.
  const noteLoss = (error: Error) => {
    broken = error;
  };
  client.on('error', noteLoss);
  const letGo = signal && giveUpWith(signal, pool, client);
  try {
    await client.query(begin);
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    // A connection that cannot even roll back must not return to the pool.
    await client.query('rollback').catch((failed: Error) => {
      broken ??= failed;
    });
    throw error;
  } finally {
    await letGo?.();
    client.off('error', noteLoss);
    client.release(broken);
  }
}

/**
 * From the signal on, has Postgres give up whatever statement a connection is at.
 * @returns ends it; when that has settled, nothing more is asked, so that it cannot hit who has the connection next
 */
function giveUpWith(signal: AbortSignal, pool: Pool, client: PoolClient): () => Promise<void> {
  const { processID } = client as PoolClient & { processID: number };
  let asked: Promise<unknown> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  const ask = () => {
    // What cannot be asked now, for want of a connection, is asked again; and without it the statement ends as it would have.
    asked = pool
      .query('/* database.give_up */ select pg_cancel_backend($1)', [processID])
      .catch(() => undefined);
  };
  const begin = () => {
    ask();
    timer = setInterval(ask, askAgainMs);
  };
  signal.addEventListener('abort', begin, { once: true });
  return async () => {
    signal.removeEventListener('abort', begin);
    clearInterval(timer);
    await asked;
  };
}
