import pg from 'pg';
import { exactTypes } from '../../database/exact-types.js';
import { render, type SqlText } from '../../database/sql.js';
import { beginSnapshot } from '../../database/transaction.js';
import { spanned } from '../../telemetry.js';
import { apiError, isDataException } from '../errors/api-error.js';
import { ERROR_CODES } from '../errors/error-codes.js';
import { lowerTimeout, statementMsOf } from './pooling.js';

/** The attributes of a statement's span. The name of the span identifies the statement. */
export const DATABASE = { 'db.system.name': 'postgresql', 'db.namespace': 'reporting' } as const;

/** How long the transaction may wait for its next statement, in ms. */
const idleMs = 30_000;

/** Also timestamps as text: a `Date` would lose the microseconds. */
const types = exactTypes(pg.types.builtins.TIMESTAMP, pg.types.builtins.TIMESTAMPTZ);

/**
 * Runs the statements of one request in one snapshot, so that the whole response reflects the same publication. It takes a
 * connection at the first statement.
 */
export class ReadSession {
  #client: Promise<pg.PoolClient> | undefined;
  /** Resolves when the last statement ends: a connection runs one at a time. */
  #last: Promise<unknown> = Promise.resolve();
  /** The error that ended the transaction. */
  #failed: { readonly error: unknown } | undefined;
  #closed = false;
  /** Number of statements sent, without those that open and close the snapshot. */
  statementCount = 0;
  /** Time of these statements, in ms. */
  databaseMs = 0;

  constructor(readonly pool: pg.Pool) {}

  /** Whether any statement was sent. If not, the response does not reflect a publication. */
  get used(): boolean {
    return this.statementCount > 0;
  }

  /** @param name identifies the statement in pg_stat_activity */
  async rows<Row extends pg.QueryResultRow>(name: string, statement: SqlText): Promise<Row[]> {
    if (this.#closed) throw new Error('the session is closed');
    this.#client ??= this.#open();
    const client = await this.#client;
    this.statementCount += 1;
    const { text, values } = render(statement);
    const query = { text: `/* api: ${name} */ ${text}`, values, types };
    const result = this.#last.then(() => {
      if (this.#failed) throw this.#failed.error;
      const started = performance.now();
      return spanned(name, 'CLIENT', DATABASE, () => client.query<Row>(query)).finally(() => {
        this.databaseMs += performance.now() - started;
      });
    });
    this.#last = result.catch((error: unknown) => this.#recover(client, error));
    return (await result).rows;
  }

  /**
   * After an invalid value, the other parts of the request are still answered from the same snapshot. After any other
   * error they fail with that error: after a timeout, another slow statement would double the time.
   */
  async #recover(client: pg.PoolClient, error: unknown): Promise<void> {
    this.#failed ??= { error };
    if (!isDataException(error)) return;
    await client.query('rollback to savepoint opened').then(
      () => {
        this.#failed = undefined;
      },
      (failure: unknown) => {
        this.#failed = { error: failure };
      },
    );
  }

  /** Releases the connection. To be called when the request ends, also after an error. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const client = await this.#client?.catch(() => undefined);
    if (!client) return;
    await this.#last;
    const failed = await client.query('commit').then(
      () => undefined,
      (error: Error) => error,
    );
    client.release(failed);
  }

  /** Closes the connection, whatever it is doing. To be called when the database does not answer. */
  abandon(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#client?.then(
      (client) => client.release(new Error('The database does not answer.')),
      () => undefined,
    );
  }

  async #open(): Promise<pg.PoolClient> {
    const client = await this.pool.connect().catch((error: unknown) => {
      throw apiError('DATABASE_UNAVAILABLE', ERROR_CODES.DATABASE_UNAVAILABLE.message, error);
    });
    try {
      // A role can change its own settings, so the limits are set here. The statements run once, so a plan for their values is
      // best (see `runPrepared`).
      await client.query(
        [
          beginSnapshot,
          'set local plan_cache_mode = force_custom_plan',
          lowerTimeout('statement_timeout', statementMsOf(this.pool), 'transaction'),
          lowerTimeout('idle_in_transaction_session_timeout', idleMs, 'transaction'),
          'savepoint opened',
        ].join('; '),
      );
      return client;
    } catch (error) {
      client.release(error as Error);
      throw error;
    }
  }
}
