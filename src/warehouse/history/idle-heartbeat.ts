import type { PoolClient } from 'pg';

/** How often a connection without a limit on its idleness is heard of, in milliseconds. */
const unhurriedMs = 10_000;

/**
 * Does work on other connections while this one's transaction holds what the work needs. Postgres ends a transaction that
 * nothing is heard of for long (`idle_in_transaction_session_timeout`), since its process may be frozen; as long as the
 * process lives, this one is heard of.
 * @param work told by its signal when this connection is lost, and with it what the work needs
 * @throws what the work throws
 */
export async function keepAwake<T>(client: PoolClient, work: (lost: AbortSignal) => Promise<T>): Promise<T> {
  const { rows } = await client.query<{ idleMs: number }>(
    `/* warehouse.idle_limit */
     select (1000 * extract(epoch from current_setting('idle_in_transaction_session_timeout')::interval))::integer as "idleMs"`,
  );
  const { idleMs } = rows[0]!;
  const lost = new AbortController();
  let heard: Promise<unknown> = Promise.resolve();
  const timer = setInterval(
    () => {
      heard = heard
        .then(() => client.query('/* warehouse.still_here */ select'))
        .catch((error: unknown) => lost.abort(error));
    },
    idleMs > 0 ? Math.ceil(idleMs / 4) : unhurriedMs,
  );
  try {
    return await work(lost.signal);
  } finally {
    clearInterval(timer);
    await heard;
  }
}
