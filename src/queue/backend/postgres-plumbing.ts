import { setTimeout as sleep } from 'node:timers/promises';
import { type BackendFactory, createPostgresBackend, type IQueueBackend } from 'bullmq';
import { Client, type ClientConfig, type Pool } from 'pg';
import { type Patience, type Plumbing, type QueueLocation, unreachable } from './plumbing.js';
import { withinQueueLimit } from './queue-limit.js';

/** Maximum number of Postgres connections for all queues and workers of a process; each worker's listener is extra. */
const poolSize = 6;

/** A Postgres that loads data at the same time is slower than Redis. */
const slowdown = 3;

/** How long a worker waits before it tries again to open a backend. */
const pauseMs = 1000;

/** Checks that the queue database answers, and makes the connections of its backends. */
export async function openPostgres(
  location: Extract<QueueLocation, { kind: 'postgres' }>,
  onError: (error: Error) => void,
  patience: Patience,
): Promise<Plumbing> {
  const probe = new Client({
    connectionString: location.connectionString,
    connectionTimeoutMillis: patience.open,
  });
  probe.on('error', () => undefined);
  try {
    await probe.connect();
  } catch (error) {
    throw unreachable('The queue database', error);
  } finally {
    await withinQueueLimit(patience.close, probe.end()).catch(() => destroyConnection(probe));
  }
  const shared = shareConnections(onError, patience.close);
  return {
    connection: () => ({
      connectionString: location.connectionString,
      schema: location.schema,
      migrate: true,
      max: poolSize,
      connectionTimeoutMillis: patience.command * slowdown,
      query_timeout: patience.command * slowdown,
    }),
    prefix: undefined,
    factory: shared.factory as unknown as BackendFactory<IQueueBackend, never>,
    close: shared.close,
  };
}

/** A connection that always has an error listener: without one, losing the connection would end the process. */
class ListenedClient extends Client {
  constructor(config?: ClientConfig) {
    super(config);
    this.on('error', () => undefined);
  }

  /** BullMQ removes all listeners before it closes a connection; the server may close it at the same moment. */
  override removeAllListeners(event?: string | symbol): this {
    super.removeAllListeners(event);
    return event === undefined || event === 'error' ? this.on('error', () => undefined) : this;
  }
}

/**
 * Makes BullMQ's Postgres backends with one pool for all of them. BullMQ gives each queue and each worker its own pool, and
 * prepares the schema in each: for our queues that is 40 connections and 200 statements before the first job. Listeners
 * keep their own connections.
 *
 * It also makes them safe for a server that may stop at any moment. BullMQ has no error listener on the connection that prepares
 * the schema, nor on its notification connection while that opens and closes. And it keeps a failed start forever: its workers
 * then retry without a pause, so that no timer, signal or child process gets a turn. Here a failed start is tried again.
 */
function shareConnections(onError: (error: Error) => void, closeMs: number) {
  const opened = new Set<Client>();
  class OwnClient extends ListenedClient {
    constructor(config?: ClientConfig) {
      super(config);
      opened.add(this);
      this.once('end', () => opened.delete(this));
    }
  }
  let pool: Pool | undefined;
  let ready: Promise<void> | undefined;
  const factory: typeof createPostgresBackend = (name, options, use) => {
    const backend = createPostgresBackend(name, options, use);
    const { connection } = backend;
    const own = connection.pool as unknown as Pool;
    if (pool === undefined) {
      pool = own;
      pool.removeAllListeners('error');
      pool.on('error', onError);
      pool.on('connect', (client) => {
        client.on('error', () => undefined);
        opened.add(client);
        client.once('end', () => opened.delete(client));
      });
    }
    Object.assign(connection, { pool, ownsPool: false, pgModule: { Client: OwnClient } });
    const prepare = connection.waitUntilReady.bind(connection);
    connection.waitUntilReady = async () => {
      try {
        ready ??= prepare();
        await ready;
      } catch (error) {
        await sleep(pauseMs);
        ready = undefined;
        Object.assign(connection, { readyPromise: undefined });
        throw error;
      }
    };
    return backend;
  };
  return {
    factory,
    async close() {
      await withinQueueLimit(closeMs, pool?.end() ?? Promise.resolve()).catch(() => undefined);
      for (const client of opened) destroyConnection(client);
    },
  };
}

/** Closes a connection without waiting for the server. */
function destroyConnection(client: Client): void {
  const { connection } = client as unknown as { connection: { stream: { destroy(): void } } };
  connection.stream.destroy();
}
