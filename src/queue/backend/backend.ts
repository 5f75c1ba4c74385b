import {
  type BackendFactory,
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
import { Failure, Fault } from '../../fault.js';
import { type Patience, type Plumbing, type QueueLocation, unreachable } from './plumbing.js';
import { openPostgres } from './postgres-plumbing.js';
import { withinQueueLimit } from './queue-limit.js';

export type { QueueLocation } from './plumbing.js';

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

const usualPatience: Patience = { open: 5000, command: 10_000, close: 3000 };

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
  patience: Patience = usualPatience,
): Promise<QueueBackend> {
  const plumbing =
    location.kind === 'redis'
      ? await openRedis(location, onError, patience)
      : await openPostgres(location, onError, patience);
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
  /** What a server that hangs does not close ends with its connections. */
  function onLateClose(error: unknown): void {
    if (!(error instanceof Failure)) throw error;
    onError(error);
  }
  async function closeAll(): Promise<void> {
    const workers = made.filter((part) => part instanceof Worker);
    await Promise.all(workers.map((worker) => worker.close()));
    const others = made.filter((part) => !(part instanceof Worker));
    await withinQueueLimit(patience.close, Promise.all(others.map((part) => part.close()))).catch(
      onLateClose,
    );
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
  patience: Patience,
): Promise<Plumbing> {
  await checkRedis(location, patience.open);
  // A producer gives up after some attempts or time, so that its caller gets the error; a worker waits forever.
  const producer = new Redis(location.url, {
    connectionName: location.prefix,
    commandTimeout: patience.command,
  });
  const worker = new Redis(location.url, { connectionName: location.prefix, maxRetriesPerRequest: null });
  producer.on('error', onError);
  worker.on('error', onError);
  return {
    connection: (use) => (use === 'worker' ? worker : producer),
    prefix: location.prefix,
    factory: createRedisBackend as unknown as BackendFactory<IQueueBackend, never>,
    close: async () => {
      await withinQueueLimit(patience.close, Promise.all([producer.quit(), worker.quit()])).catch(() => {
        producer.disconnect();
        worker.disconnect();
      });
    },
  };
}

async function checkRedis(
  location: Extract<QueueLocation, { kind: 'redis' }>,
  openMs: number,
): Promise<void> {
  const probe = new Redis(location.url, {
    lazyConnect: true,
    retryStrategy: () => null,
    connectTimeout: openMs,
  });
  let lastError: unknown;
  probe.on('error', (error) => {
    lastError = error;
  });
  try {
    // A Redis that hangs accepts the connection and does not answer.
    const info = await withinQueueLimit(
      openMs,
      probe.connect().then(() => probe.info('memory')),
    );
    // INFO rather than CONFIG GET: hosted Redis often forbids CONFIG.
    const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? 'noeviction';
    if (policy !== 'noeviction' && location.acceptEviction !== true) {
      throw new Fault(
        'redis_evicts',
        `Redis has maxmemory-policy ${policy}, which can delete queued jobs, expected noeviction. Set it (CONFIG SET maxmemory-policy noeviction, and in the configuration of the server), use another Redis, or unset REDIS_URL to keep the queues on Postgres.`,
      );
    }
  } catch (error) {
    if (error instanceof Fault || error instanceof Failure) throw error;
    throw unreachable('Redis', lastError ?? error);
  } finally {
    probe.disconnect();
  }
}
