import pg from 'pg';
import { exactTypes } from '../../database/exact-types.js';
import { render, type SqlText } from '../../database/sql.js';
import { beginSnapshot } from '../../database/transaction.js';
import { spanned } from '../../telemetry.js';
import { apiError, isDataException } from '../errors/api-error.js';
import { ERROR_CODES } from '../errors/error-codes.js';

/** What the span of a statement tells; its name says which one it is. */
export const DATABASE = { 'db.system.name': 'postgresql', 'db.namespace': 'reporting' } as const;

/** Moments as text, too: a `Date` would lose the microseconds. */
const types = exactTypes(pg.types.builtins.TIMESTAMP, pg.types.builtins.TIMESTAMPTZ);

/**
 * The database as one request sees it: every statement of the request reads the same snapshot, so that no two parts
 * of an answer come from two publications. A connection is taken at the first statement only.
 */
export class ReadSession {
  #client: Promise<pg.PoolClient> | undefined;
  /** The end of the statement sent last: a connection answers one at a time. */
  #last: Promise<unknown> = Promise.resolve();
  /** What ended the transaction. */
  #failed: { readonly error: unknown } | undefined;
  #closed = false;
  /** How many statements were sent, not counting those that open and close the snapshot. */
  statementCount = 0;

  constructor(readonly pool: pg.Pool) {}

  /** Whether any statement was sent: an answer without one says nothing of a publication. */
  get used(): boolean {
    return this.statementCount > 0;
  }

  /** The rows of a statement; `name` tells operators in pg_stat_activity which one it is. */
  async rows<Row extends pg.QueryResultRow>(name: string, statement: SqlText): Promise<Row[]> {
    if (this.#closed) throw new Error('the session is closed');
    this.#client ??= this.#open();
    const client = await this.#client;
    this.statementCount += 1;
    const { text, values } = render(statement);
    const query = { text: `/* api: ${name} */ ${text}`, values, types };
    const result = this.#last.then(() => {
      if (this.#failed) throw this.#failed.error;
      return spanned(name, 'CLIENT', DATABASE, () => client.query<Row>(query));
    });
    this.#last = result.catch((error: unknown) => this.#recover(client, error));
    return (await result).rows;
  }

  /**
   * After a value that its type refuses the other parts of the request are answered, from the same snapshot; after
   * anything else they fail as this one did, since a second statement that takes too long would double the time.
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

  /** Gives the connection back; to be called however the request ended. */
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

  async #open(): Promise<pg.PoolClient> {
    const client = await this.pool.connect().catch((error: unknown) => {
      throw apiError('DATABASE_UNAVAILABLE', ERROR_CODES.DATABASE_UNAVAILABLE.message, error);
    });
    try {
      // These statements come once, so their plans are made for their values (see runPrepared).
      await client.query(`${beginSnapshot}; set local plan_cache_mode = force_custom_plan; savepoint opened`);
      return client;
    } catch (error) {
      client.release(error as Error);
      throw error;
    }
  }
}

const withGeneralPlans = new WeakSet<pg.PoolClient>();

/**
 * Runs one statement by itself, with a plan made once rather than for every request: by default Postgres finds the
 * general plan of a page too dear to use, and plans each time, which takes as long as reading the page. The shape of
 * these statements (an index's order, a limit) leaves little to gain from knowing the values.
 */
export async function runPrepared(pool: pg.Pool, statement: pg.QueryArrayConfig): Promise<unknown[][]> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    if (!withGeneralPlans.has(client)) {
      await client.query('set plan_cache_mode = force_generic_plan');
      withGeneralPlans.add(client);
    }
    return (await client.query<unknown[]>(statement)).rows;
  } catch (error) {
    // An error of Postgres leaves the connection usable, any other does not.
    if (!(error instanceof pg.DatabaseError)) broken = error as Error;
    throw error;
  } finally {
    client.release(broken);
  }
}
