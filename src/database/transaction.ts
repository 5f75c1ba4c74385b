import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { ClientBase, Pool, PoolClient } from 'pg';

const stopSignal = new AsyncLocalStorage<AbortSignal>();
const pools = new WeakMap<ClientBase, Pool>();

/** A cancel request can arrive between two statements and have no effect, so it is repeated at this interval. */
const cancelIntervalMs = 250;

/**
 * Ends the transactions that `work` opens when the signal aborts: Postgres cancels the current statement, which would
 * otherwise occupy the server and lock its tables until it is done.
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
 * Runs `work` on one snapshot of the database, taken at its first statement: it does not see what is committed later, for
 * example by a publication. Only for reading, and not for tables that are replaced at run time: a table created after the
 * snapshot looks empty.
 * @throws as `inTransaction`
 */
export function inSnapshot<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  return begun(pool, beginSnapshot, work);
}

/**
 * The pool that a transaction's connection comes from.
 * @throws Error when `inTransaction` or `inSnapshot` did not open it
 */
export function poolOf(client: ClientBase): Pool {
  const pool = pools.get(client);
  if (pool === undefined) throw new Error('This connection was not opened by inTransaction or inSnapshot.');
  return pool;
}

/** The statement that begins the transaction of `inSnapshot`. */
export const beginSnapshot = 'begin isolation level repeatable read read only';

async function begun<T>(pool: Pool, begin: string, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const signal = stopSignal.getStore();
  signal?.throwIfAborted();
  const client = await pool.connect();
  const mark = signal && `marquee transaction ${randomUUID()}`;
  pools.set(client, pool);
  let broken: Error | undefined;
  // A lost connection rejects the current query and also emits this event; without a listener it would end the process.
  const noteLoss = (error: Error) => {
    broken = error;
  };
  client.on('error', noteLoss);
  const stopCancelling = signal && cancelWith(signal, pool, mark!);
  try {
    await client.query(
      mark === undefined ? begin : `${begin}; select set_config('application_name', '${mark}', true)`,
    );
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    // A connection that cannot even roll back must not go back to the pool.
    await client.query('rollback').catch((failed: Error) => {
      broken ??= failed;
    });
    throw error;
  } finally {
    await stopCancelling?.();
    client.off('error', noteLoss);
    pools.delete(client);
    client.release(broken);
  }
}

/**
 * Once the signal aborts, cancels whatever statement the transaction is running. It is found by a mark that the transaction has as
 * its application name: behind a pooler, the number of a connection is invented, and the next user of the real one is somebody else.
 * @returns a function that ends this. After it has settled, no cancel request is under way that could hit the next user of
 * the connection.
 */
function cancelWith(signal: AbortSignal, pool: Pool, mark: string): () => Promise<void> {
  let requested: Promise<unknown> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  const cancel = () => {
    // A request that fails, for example because no connection is free, is repeated; without it the statement runs to its end.
    requested = pool
      .query(
        `/* database.cancel_statement */
         select pg_cancel_backend(pid) from pg_stat_activity
         where application_name = $1 and backend_type = 'client backend'`,
        [mark],
      )
      .catch(() => undefined);
  };
  const begin = () => {
    cancel();
    timer = setInterval(cancel, cancelIntervalMs);
  };
  signal.addEventListener('abort', begin, { once: true });
  return async () => {
    signal.removeEventListener('abort', begin);
    clearInterval(timer);
    await requested;
  };
}
