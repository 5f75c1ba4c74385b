import type { BackendFactory, IQueueBackend } from 'bullmq';
import { Failure, messageOf } from '../../fault.js';

/** Where the queues are stored: Redis in production, Postgres when nothing else is installed. */
export type QueueLocation =
  | { kind: 'redis'; url: string; prefix: string; acceptEviction?: boolean }
  | { kind: 'postgres'; connectionString: string; schema: string };

/** How long a server that hangs is waited for, in ms. */
export interface Patience {
  /** For its first answer, when a backend is opened. */
  readonly open: number;
  /** For a command; a healthy Redis needs less than one. Workers on Redis wait without a limit, as they wait for jobs. */
  readonly command: number;
  /** For its connections to close properly; then they are cut. */
  readonly close: number;
}

/** What a backend is made of. */
export interface Plumbing {
  connection: (use: 'producer' | 'worker') => unknown;
  prefix: string | undefined;
  factory: BackendFactory<IQueueBackend, never>;
  close: () => Promise<void>;
}

/** The error when a server does not answer, with what to do. */
export function unreachable(what: string, error: unknown): Failure {
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
