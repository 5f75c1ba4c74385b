import { AsyncLocalStorage } from 'node:async_hooks';
import pg from 'pg';
import type { PrismaClient } from './client/client.js';
import type { Queryable } from './queryable.js';
import { poolOf } from './transaction.js';

/** The generated client, as the ledgers use it: find, list and change single rows, typed by the model. */
export type Ledger = Omit<PrismaClient, '$connect' | '$disconnect' | '$on' | '$extends'>;

/** One operation of the client on its way to the database. */
interface Operation {
  /** The connection of the transaction it belongs to; undefined: any connection of the pool. */
  readonly client?: pg.ClientBase;
  /** Named in a comment of its statements, so that `pg_stat_activity` shows what a connection is doing. */
  readonly tag: string;
  /** What the driver threw. Prisma wraps it in an error of its own, without the driver's message. */
  error?: unknown;
}

const operation = new AsyncLocalStorage<Operation>();
const opened = new WeakMap<pg.Pool, Promise<PrismaClient>>();
/** By the pool or the connection: making one for each call took longer than most of its statements. */
const ledgers = new WeakMap<object, Ledger>();
const savepoints = { made: 0 };

/**
 * Prisma Client for single rows, on the same connections as everything else.
 *
 * With a pool, each operation commits on its own. With the client of `inTransaction`, its operations belong to that
 * transaction: they commit or roll back together with the COPY or the set-based statement next to them.
 *
 * The client is loaded at the first call, since it takes a third of a second and 80 MB: commands that only ask a running server,
 * and the API process, never load it. There is one per pool.
 *
 * Errors of the database arrive as `pg` throws them (`code` is the SQLSTATE); Prisma's own errors, such as P2025 for a row that
 * does not exist, arrive as they are. `bigint` columns are BigInt, `numeric` ones Decimal, times lose their microseconds.
 *
 * @throws Error when given a connection that `inTransaction` did not open
 */
export async function ledger(queryable: Queryable): Promise<Ledger> {
  const shared = queryable instanceof pg.Pool ? undefined : (queryable as pg.ClientBase);
  const pool = shared === undefined ? (queryable as pg.Pool) : poolOf(shared);
  let client = opened.get(pool);
  if (client === undefined) {
    client = open(pool);
    opened.set(pool, client);
    // A failed load must not be remembered.
    client.catch(() => opened.delete(pool));
  }
  const prisma = await client;
  const connection = shared ?? pool;
  let bound = ledgers.get(connection);
  if (bound === undefined) {
    bound = bind(prisma, shared);
    ledgers.set(connection, bound);
  }
  return bound;
}

/** The client with all its operations on one connection, or without one on any connection of the pool. */
function bind(prisma: PrismaClient, shared: pg.ClientBase | undefined): Ledger {
  return prisma.$extends({
    query: {
      async $allOperations({ model, operation: verb, args, query }) {
        const current: Operation = { client: shared, tag: `ledger.${model ?? 'raw'}_${verb}` };
        try {
          // Awaited inside: Prisma starts an operation when its promise is asked for a result.
          return await operation.run(current, async () => await query(args));
        } catch (error) {
          throw current.error ?? error;
        }
      },
    },
  }) as unknown as Ledger;
}

async function open(pool: pg.Pool): Promise<PrismaClient> {
  const [{ PrismaClient }, { PrismaPg }] = await Promise.all([
    import('./client/client.js'),
    import('@prisma/adapter-pg'),
  ]);
  return new PrismaClient({ adapter: new PrismaPg(new SharedPool(pool)) });
}

/**
 * What Prisma takes for its pool: it opens no connection of its own, but uses the pool it was made with, or the connection of the
 * transaction that the current operation belongs to.
 */
class SharedPool extends pg.Pool {
  readonly #pool: pg.Pool;

  constructor(pool: pg.Pool) {
    super();
    this.#pool = pool;
  }

  // biome-ignore lint/suspicious/noExplicitAny: pg declares eight overloads, and Prisma uses the one that takes an object.
  override query(config: any): any {
    return run(operation.getStore()?.client ?? this.#pool, config);
  }

  // biome-ignore lint/suspicious/noExplicitAny: as above; Prisma uses the one that returns a promise.
  override async connect(): Promise<any> {
    const client = operation.getStore()?.client;
    if (client === undefined) {
      const own = await this.#pool.connect();
      return transactionClient(
        own,
        (config) => run(own, config),
        (error) => own.release(error),
      );
    }
    const name = `ledger_${++savepoints.made}`;
    const instead: Readonly<Record<string, string>> = {
      BEGIN: `savepoint ${name}`,
      COMMIT: `release savepoint ${name}`,
      ROLLBACK: `rollback to savepoint ${name}`,
    };
    return transactionClient(
      client,
      (config) => run(client, { ...config, text: instead[config.text] ?? config.text }),
      () => undefined,
    );
  }
}

function transactionClient(
  client: pg.ClientBase,
  query: (config: pg.QueryConfig) => Promise<pg.QueryResult>,
  release: (error?: Error | boolean) => void,
) {
  return {
    query,
    release,
    on: (event: 'error', listener: (error: Error) => void) => client.on(event, listener),
    removeListener: (event: 'error', listener: (error: Error) => void) =>
      client.removeListener(event, listener),
  };
}

async function run(queryable: pg.Pool | pg.ClientBase, config: pg.QueryConfig): Promise<pg.QueryResult> {
  const current = operation.getStore();
  const text = current === undefined ? config.text : `/* ${current.tag} */ ${config.text}`;
  try {
    return await queryable.query({ ...config, text });
  } catch (error) {
    if (current !== undefined) current.error = error;
    throw error;
  }
}
