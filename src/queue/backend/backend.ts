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

/** Where the queues live: Redis for production, Postgres where nothing else is installed. */
export type QueueLocation =
  | { kind: 'redis'; url: string; prefix: string; acceptEviction?: boolean }
  | { kind: 'postgres'; connectionString: string; schema: string };

export type AnyQueue = Queue;

export interface QueueBackend {
  readonly kind: QueueLocation['kind'];
  /** The queue of this name; asked again, the same one. */
  makeQueue(name: string): AnyQueue;
  makeWorker(name: string, processor: Processor, options?: Partial<WorkerOptions>): Worker;
  /** For trees known beforehand; runs go through stages instead (`stages.ts`). */
  makeFlowProducer(): FlowProducer;
  makeQueueEvents(name: string): QueueEvents;
  /** Closes everything this backend made, workers first, then its connections. */
  close(): Promise<void>;
}

/**
 * How often a job may be taken back from a worker that died before it is given up.
 * BullMQ's own default of 1 loses a job to the second kill.
 */
const maxStalledCount = 10;

/** Connections each queue or worker may hold on Postgres, beside its listener. */
const poolSize = 2;

/** How long a worker waits before it asks a backend again that could not be opened. */
const pauseMs = 1000;

interface Plumbing {
  connection: (use: 'producer' | 'worker') => unknown;
  prefix: string | undefined;
  factory: BackendFactory<IQueueBackend, never>;
  close: () => Promise<void>;
}

/**
 * Opens the queue backend and proves that it answers.
 *
 * @param onError hears connection errors that happen later; BullMQ reconnects by itself.
 * @throws Failure `queue_unreachable` when the server does not answer.
 * @throws Fault `redis_evicts` when Redis may throw jobs away under memory pressure.
 */
export async function openQueueBackend(
  location: QueueLocation,
  onError: (error: Error) => void = () => {},
): Promise<QueueBackend> {
  const plumbing =
    location.kind === 'redis' ? await openRedis(location, onError) : await openPostgres(location);
  const queues = new Map<string, AnyQueue>();
  const made: { close(): Promise<unknown> }[] = [];
  const base = { prefix: plumbing.prefix };
  const factory = plumbing.factory as unknown as undefined; // The classes' types know the Redis factory only.
  function track<
    T extends { close(): Promise<unknown>; on(event: 'error', listener: (error: Error) => void): unknown },
  >(part: T): T {
    part.on('error', (error) => {
      // A connection that was told to end may still hear that the server stops.
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
  // A producer gives up after some tries so that its caller hears of it; a worker waits for ever.
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
        `Redis has maxmemory-policy ${policy}, under which queued jobs can vanish; ` +
          'set it to noeviction or accept the risk by name.',
      );
    }
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw unreachable('Redis', lastError ?? error);
  } finally {
    probe.disconnect();
  }
}

async function openPostgres(location: Extract<QueueLocation, { kind: 'postgres' }>): Promise<Plumbing> {
  const probe = new Client({ connectionString: location.connectionString, connectionTimeoutMillis: 5000 });
  probe.on('error', () => undefined);
  try {
    await probe.connect();
  } catch (error) {
    throw unreachable('The queue database', error);
  } finally {
    await probe.end().catch(() => {});
  }
  return {
    connection: () => ({
      connectionString: location.connectionString,
      schema: location.schema,
      migrate: true,
      max: poolSize,
    }),
    prefix: undefined,
    factory: createPatientBackend as unknown as BackendFactory<IQueueBackend, never>,
    close: async () => {},
  };
}

/** A connection whose loss is never an event that nobody hears, which would end the process. */
class HeardClient extends Client {
  constructor(config?: ClientConfig) {
    super(config);
    this.on('error', () => undefined);
  }

  /** BullMQ takes all listeners away before it closes a connection; the server may close it in that moment too. */
  override removeAllListeners(event?: string | symbol): this {
    super.removeAllListeners(event);
    return event === undefined || event === 'error' ? this.on('error', () => undefined) : this;
  }
}

/**
 * BullMQ's backend, for a server that may stop at any moment. BullMQ listens to no connection that it prepares the
 * schema over, nor to the one it is notified over while that opens and closes; and it keeps a failed start for ever,
 * at which its workers ask on without a pause, so that no timer, signal or child of the process is heard of any more.
 */
const createPatientBackend: typeof createPostgresBackend = (name, options, use) => {
  const backend = createPostgresBackend(name, options, use);
  const { connection } = backend;
  const pool = connection.pool as unknown as Pool;
  pool.on('connect', (client) => client.on('error', () => undefined));
  Object.assign(connection, { pgModule: { Client: HeardClient } });
  const waitUntilReady = connection.waitUntilReady.bind(connection);
  connection.waitUntilReady = () =>
    waitUntilReady().catch(async (error: unknown) => {
      await sleep(pauseMs);
      throw error;
    });
  return backend;
};

function unreachable(what: string, error: unknown): Failure {
  const { code } = error as { code?: unknown };
  // No such database, no such user, another password: what migrate makes.
  const notMade = code === '3D000' || code === '28P01' || code === '28000';
  const remedy = notMade ? 'run marquee migrate, which makes it, or correct' : 'start it or correct';
  return new Failure(
    'queue_unreachable',
    `${what} does not answer (${messageOf(error)}); ${remedy} its address.`,
    { cause: error },
  );
}
