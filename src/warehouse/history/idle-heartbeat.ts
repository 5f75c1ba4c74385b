import type { PoolClient } from 'pg';

/** The interval of the heartbeat on a connection without an idle timeout, in milliseconds. */
const intervalWithoutTimeoutMs = 10_000;

/**
 * Runs work on other connections while the transaction of this one holds a lock that the work needs. Postgres ends a
 * transaction that has been idle too long (`idle_in_transaction_session_timeout`), because its process may be frozen. This
 * sends a statement at a quarter of that time, so that the transaction continues as long as the process lives.
 * @param work receives a signal that aborts when this connection is lost, and with it the lock
 * @throws what the work throws
 */
export async function withHeartbeat<T>(
  client: PoolClient,
  work: (lost: AbortSignal) => Promise<T>,
): Promise<T> {
  const { rows } = await client.query<{ idleMs: number }>(
    `/* warehouse.idle_timeout */
     select (1000 * extract(epoch from current_setting('idle_in_transaction_session_timeout')::interval))::integer as "idleMs"`,
  );
  const { idleMs } = rows[0]!;
  const lost = new AbortController();
  let beaten: Promise<unknown> = Promise.resolve();
  const timer = setInterval(
    () => {
      beaten = beaten
        .then(() => client.query('/* warehouse.heartbeat */ select'))
        .catch((error: unknown) => lost.abort(error));
    },
    idleMs > 0 ? Math.ceil(idleMs / 4) : intervalWithoutTimeoutMs,
  );
  try {
    return await work(lost.signal);
  } finally {
    clearInterval(timer);
    await beaten;
  }
}
