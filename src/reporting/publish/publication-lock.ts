import type { ClientBase } from 'pg';
import { runSql, sql } from '../../database/sql.js';

/** Makes other publications wait until the transaction ends, and prepares it for heavy work on tables that are read once. */
export async function lockPublication(client: ClientBase): Promise<void> {
  await runSql(
    client,
    sql`/* reporting.lock_publication */ select pg_advisory_xact_lock(hashtextextended('marquee.publication', 0))`,
  );
  // Small samples plan these queries as well as large ones, in a tenth of the time.
  await runSql(
    client,
    sql`/* reporting.prepare_publish */
      select set_config('jit', 'off', true), set_config('work_mem', '64MB', true),
        set_config('default_statistics_target', '10', true)`,
  );
}

/**
 * Waits for a running publication, and makes publications wait until the transaction ends. The tables that explain a publication are
 * replaced one by one, so a snapshot of the database would not keep them consistent.
 */
export async function holdPublication(client: ClientBase): Promise<void> {
  await runSql(
    client,
    sql`/* reporting.hold_publication */
      select pg_advisory_xact_lock_shared(hashtextextended('marquee.publication', 0))`,
  );
}

/** Notifies listeners, for example caches, of a publication. Postgres delivers it at the commit. */
export async function notifyPublished(client: ClientBase, number: number): Promise<void> {
  await runSql(
    client,
    sql`/* reporting.notify */ select pg_notify('marquee_publication', ${String(number)})`,
  );
}
