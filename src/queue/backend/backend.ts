import { setTimeout as sleep } from 'node:timers/promises';
import {
  type BackendFactory,
  createPostgresBackend,
  createRedisBackend,
  FlowProducer,
  type IQueueBackend,
  type Processor,
  Queue,
  QueueEvents,
  type QueueOptions,
  Worker,
  type WorkerOptions,
} from 'bullmq';
import { Redis } from 'ioredis';
import { Client, type ClientConfig, type Pool } from 'pg';
import { Failure, Fault, messageOf } from '../../fault.js';

/** Where the queues are stored: Redis in production, Postgres when nothing else is installed. */
export type QueueLocation =
  | { kind: 'redis'; url: string; prefix: string; acceptEviction?: boolean }
  | { kind: 'postgres'; connectionString: string; schema: string };

export type AnyQueue = Queue;

export interface QueueBackend {
  readonly kind: QueueLocation['kind'];
  /** The queue with this name; the same object each time. */
  makeQueue(name: string): AnyQueue;
  makeWorker(name: string, processor: Processor, options?: Partial<WorkerOptions>): Worker;
  /** For trees of jobs that are known in advance; runs are planned stage by stage instead (`advance-run.ts`). */
  makeFlowProducer(): FlowProducer;
  makeQueueEvents(name: string): QueueEvents;
  /** Closes everything this backend created: workers first, connections last. */
  close(): Promise<void>;
}

/**
 * How often a job may be taken back from a dead worker before the queue gives it up.
 * With BullMQ's default of 1, the second kill loses the job.
 */
const maxStalledCount = 10;

/** Maximum number of Postgres connections for all queues and workers of a process; each worker's listener is extra. */
const poolSize = 6;

/** How long a worker waits before it tries again to open a backend. */
const pauseMs = 1000;

interface Plumbing {
  connection: (use: 'producer' | 'worker') => unknown;
  prefix: string | undefined;
  factory: BackendFactory<IQueueBackend, never>;
  close: () => Promise<void>;
}

/**
 * Opens the queue backend and checks that it answers.
 *
 * @param onError receives later connection errors; BullMQ reconnects automatically
 * @throws Failure `queue_unreachable` when the server does not answer
 * @throws Fault `redis_evicts` when Redis may delete jobs under memory pressure
 */
export async function openQueueBackend(
  location: QueueLocation,
  onError: (error: Error) => void = () => {},
): Promise<QueueBackend> {
  const plumbing =
    location.kind === 'redis' ? await openRedis(location, onError) : await openPostgres(location, onError);
  const queues = new Map<string, AnyQueue>();
  const made: { close(): Promise<unknown> }[] = [];
  const base = { prefix: plumbing.prefix };
  const factory = plumbing.factory as unknown as undefined; // The classes' types know the Redis factory only.
  function track<
    T extends { close(): Promise<unknown>; on(event: 'error', listener: (error: Error) => void): unknown },
  >(part: T): T {
    part.on('error', (error) => {
      // A connection that is being closed may still report that the server stops.
      if (!closed) onError(error);
    });
    made.push(part);
    return part;
  }
  let closing: Promise<void> | undefined;
  let closed = false;
  async function closeAll(): Promise<void> {
    const workers = made.filter((part) => part instanceof Worker);
    await Promise.all(workers.map((worker) => worker.close()));
    await Promise.all(made.filter((part) => !(part instanceof Worker)).map((part) => part.close()));
    await plumbing.close();
    closed = true;
  }
  const connectionFor = (use: 'producer' | 'worker') =>
    plumbing.connection(use) as QueueOptions['connection'];

  return {
    kind: location.kind,
    makeQueue(name) {
      const queue =
        queues.get(name) ??
        track(new Queue(name, { ...base, connection: connectionFor('producer') }, factory));
      queues.set(name, queue);
      return queue;
    },
    makeWorker: (name, processor, options) =>
      track(
        new Worker(
          name,
          processor,
          { ...base, maxStalledCount, connection: connectionFor('worker'), ...options },
          factory,
        ),
      ),
    makeFlowProducer: () =>
      track(new FlowProducer({ ...base, connection: connectionFor('producer') }, factory)),
    makeQueueEvents: (name) =>
      track(new QueueEvents(name, { ...base, connection: connectionFor('worker') }, factory)),
    close() {
      closing ??= closeAll();
      return closing;
    },
  };
}

async function openRedis(
  location: Extract<QueueLocation, { kind: 'redis' }>,
  onError: (error: Error) => void,
): Promise<Plumbing> {
  await checkRedis(location);
  // A producer gives up after some attempts, so that its caller gets the error; a worker waits forever.
  const producer = new Redis(location.url, { connectionName: location.prefix });
  const worker = new Redis(location.url, { connectionName: location.prefix, maxRetriesPerRequest: null });
  producer.on('error', onError);
  worker.on('error', onError);
  return {
    connection: (use) => (use === 'worker' ? worker : producer),
    prefix: location.prefix,
    factory: createRedisBackend as unknown as BackendFactory<IQueueBackend, never>,
    close: async () => {
      await Promise.all([producer.quit(), worker.quit()]);
    },
  };
}

async function checkRedis(location: Extract<QueueLocation, { kind: 'redis' }>): Promise<void> {
  const probe = new Redis(location.url, {
    lazyConnect: true,
    retryStrategy: () => null,
    connectTimeout: 5000,
  });
  let lastError: unknown;
  probe.on('error', (error) => {
    lastError = error;
  });
  try {
    await probe.connect();
    // INFO rather than CONFIG GET: hosted Redis often forbids CONFIG.
    const info = await probe.info('memory');
    const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? 'noeviction';
    if (policy !== 'noeviction' && location.acceptEviction !== true) {
      throw new Fault(
        'redis_evicts',
        `Redis has maxmemory-policy ${policy}, which can delete queued jobs, expected noeviction. Set it (CONFIG SET maxmemory-policy noeviction, and in the configuration of the server), use another Redis, or unset REDIS_URL to keep the queues on Postgres.`,
      );
    }
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw unreachable('Redis', lastError ?? error);
  } finally {
    probe.disconnect();
  }
}

async function openPostgres(
  location: Extract<QueueLocation, { kind: 'postgres' }>,
  onError: (error: Error) => void,
): Promise<Plumbing> {
  const probe = new Client({ connectionString: location.connectionString, connectionTimeoutMillis: 5000 });
  probe.on('error', () => undefined);
  try {
    await probe.connect();
  } catch (error) {
    throw unreachable('The queue database', error);
  } finally {
    await probe.end().catch(() => {});
  }
  const shared = shareConnections(onError);
  return {
    connection: () => ({
      connectionString: location.connectionString,
      schema: location.schema,
      migrate: true,
      max: poolSize,
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
function shareConnections(onError: (error: Error) => void) {
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
      pool.on('connect', (client) => client.on('error', () => undefined));
    }
    Object.assign(connection, { pool, ownsPool: false, pgModule: { Client: ListenedClient } });
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
  return { factory, close: async () => await pool?.end() };
}

function unreachable(what: string, error: unknown): Failure {
  const { code } = error as { code?: unknown };
  // Unknown database, unknown user or wrong password: `migrate` creates these.
  const isMissing = code === '3D000' || code === '28P01' || code === '28000';
  const remedy = isMissing ? 'run marquee migrate, which creates it, or correct' : 'start it or correct';
  return new Failure(
    'queue_unreachable',
    `${what} does not answer (${messageOf(error)}); ${remedy} its address.`,
    { cause: error },
  );
}
