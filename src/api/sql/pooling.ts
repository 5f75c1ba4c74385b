import { createHash } from 'node:crypto';
import pg from 'pg';

/**
 * What stands between this process and Postgres. `transaction`: a pooler gives each transaction any of its connections, so that
 * nothing that is bound to a connection may be used: no prepared statements, no settings of the session.
 */
export type PoolerMode = 'none' | 'session' | 'transaction';

/** A prepared statement exists already, or does not exist any more: another client uses the same connection. */
const conflicts = new Set(['42P05', '26000']);

/** How long Postgres may work on a statement, in ms. Less than a request may take, so that its caller learns the reason. */
const defaultStatementMs = 25_000;

/** How much longer a statement may take before its connection is given up, in ms. */
const silenceMs = 1000;

/** How the statements of a pool are sent. */
interface Pooling {
  mode: PoolerMode;
  /** How long Postgres may work on a statement, in ms. */
  statementMs: number;
  /** Called once, when a pooler is detected. */
  onDetected: (found: string) => void;
}

const poolings = new WeakMap<pg.Pool, Pooling>();

/** A statement that lowers a timeout of the connection, and keeps it if it is lower already. 0 is no limit. */
export function lowerTimeout(
  name: 'statement_timeout' | 'idle_in_transaction_session_timeout',
  milliseconds: number,
  extent: 'session' | 'transaction',
): string {
  return `select set_config('${name}', least(
    nullif(extract(epoch from current_setting('${name}')::interval) * 1000, 0), ${milliseconds})::int::text,
    ${extent === 'transaction'})`;
}

/** The connections whose statements Postgres ends in time, whatever the settings of their role are. */
const limited = new WeakSet<pg.PoolClient>();

function poolingOf(pool: pg.Pool): Pooling {
  const known = poolings.get(pool) ?? {
    mode: 'none',
    statementMs: defaultStatementMs,
    onDetected: () => undefined,
  };
  poolings.set(pool, known);
  return known;
}

/**
 * Declares how a pool is connected. Unless a mode is given, it is detected: now, by comparing the connection's number with the one
 * that Postgres knows, and later by errors that only a pooler causes. If the database does not answer now, only later.
 *
 * @param onDetected receives what was found, as one sentence
 * @param statementMs how long Postgres may work on a statement, whatever the settings of the role are
 */
export async function preparePooling(
  pool: pg.Pool,
  given: PoolerMode | undefined,
  onDetected: (found: string) => void,
  statementMs: number = defaultStatementMs,
): Promise<void> {
  const pooling = poolingOf(pool);
  pooling.onDetected = onDetected;
  pooling.statementMs = statementMs;
  if (given !== undefined) {
    pooling.mode = given;
    return;
  }
  if (await isPooled(pool)) switchToPooler(pooling, 'the numbers of connections are not those of Postgres');
}

/** How long Postgres may work on a statement of this pool, in ms. */
export function statementMsOf(pool: pg.Pool): number {
  return poolingOf(pool).statementMs;
}

/** A pooler reports numbers of connections that it invented. */
async function isPooled(pool: pg.Pool): Promise<boolean> {
  const client = await pool.connect().catch(() => undefined);
  if (client === undefined) return false;
  try {
    const { processID } = client as pg.PoolClient & { processID: number };
    const { rows } = await client.query<{ pid: number }>(
      '/* api.find_pooler */ select pg_backend_pid() as pid',
    );
    return rows[0]!.pid !== processID;
  } catch {
    return false;
  } finally {
    client.release(true); // The pool's first connections are those of requests.
  }
}

function switchToPooler(pooling: Pooling, found: string): void {
  if (pooling.mode === 'transaction') return;
  pooling.mode = 'transaction';
  pooling.onDetected(
    `A connection pooler stands before the database (${found}): statements are no longer prepared. ` +
      'DATABASE_POOLER=transaction says so from the start; with a pooler in session mode, set DATABASE_POOLER=session.',
  );
}

/** The name of a prepared statement. It depends on the text only, so that one name never means two texts. */
export function statementName(text: string): string {
  return `marquee_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`;
}

/**
 * Runs one statement that needs no transaction. If it has a name, it is prepared once per connection, unless a pooler stands before
 * the database. The generic plan that this needs is a setting of the API's role.
 * @param onTime receives how long the statement took, in ms
 */
export async function runPrepared<Row extends unknown[] = unknown[]>(
  pool: pg.Pool,
  { name, ...statement }: pg.QueryArrayConfig,
  onTime: (milliseconds: number) => void = () => undefined,
): Promise<Row[]> {
  const pooling = poolingOf(pool);
  const prepared = name !== undefined && pooling.mode !== 'transaction';
  try {
    return await runOnce<Row>(pool, prepared ? { name, ...statement } : statement, onTime, pooling);
  } catch (error) {
    if (!prepared || !isConflict(error)) throw error;
    switchToPooler(pooling, (error as Error).message);
    return await runOnce<Row>(pool, statement, onTime, pooling);
  }
}

async function runOnce<Row extends unknown[]>(
  pool: pg.Pool,
  statement: pg.QueryArrayConfig,
  onTime: (milliseconds: number) => void,
  { mode, statementMs }: Pooling,
): Promise<Row[]> {
  const client = await pool.connect();
  let broken: Error | undefined;
  const started = performance.now();
  try {
    // Once per connection. Behind a pooler there are no settings of the session: the role's setting and `query_timeout` remain.
    if (mode !== 'transaction' && !limited.has(client)) {
      await client.query(
        `/* api.limit_statements */ ${lowerTimeout('statement_timeout', statementMs, 'session')}`,
      );
      limited.add(client);
    }
    // Postgres ends a statement at its own timeout; this one is for a Postgres that does not answer.
    const timed: pg.QueryArrayConfig & { query_timeout: number } = {
      ...statement,
      query_timeout: statementMs + silenceMs,
    };
    return (await client.query<Row>(timed)).rows;
  } catch (error) {
    // After an error of Postgres the connection is still usable; after any other error, or behind a pooler, it is not.
    if (!(error instanceof pg.DatabaseError) || isConflict(error)) broken = error as Error;
    throw error;
  } finally {
    client.release(broken);
    onTime(performance.now() - started);
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof pg.DatabaseError && conflicts.has(String(error.code));
}
