import type pg from 'pg';
import { within } from '../../within.js';
import { requireGet, send } from './responses.js';
import { answerJson, type Handler } from './router.js';

const READY_TIMEOUT_MS = 2_000;

/** Shows that the process responds, so that an orchestrator does not restart it. */
export const answerLive: Handler = answerJson({ live: true });

/** Whether the API can serve requests. */
export type Readiness =
  | {
      readonly ready: true;
      /** Number of the current publication; null before the first. */
      readonly publication: number | null;
      /** Whether rate limits are shared between processes, or for now counted by this process alone. Absent without Redis. */
      readonly rateLimits?: 'shared' | 'local';
    }
  | { readonly ready: false; readonly reason: string };

/** Checks only the database. Before the first publication the API is ready, too. */
export async function readinessOf(pool: pg.Pool): Promise<Readiness> {
  try {
    const { rows } = await within(
      READY_TIMEOUT_MS,
      pool.query<{ number: number | null }>(
        '/* api.check_readiness */ select max(number)::int4 as number from reporting.publication',
      ),
      () => new Error('too late'),
    );
    return { ready: true, publication: rows[0]?.number ?? null };
  } catch {
    return { ready: false, reason: 'The database does not respond.' };
  }
}

/** Shows whether a load balancer should send requests to this process. */
export function answerReady(pool: pg.Pool, isShared: (() => boolean) | undefined): Handler {
  return async ({ request, response, common }) => {
    requireGet(request, response);
    const found = await readinessOf(pool);
    const rateLimits = isShared && (isShared() ? 'shared' : 'local');
    const readiness = found.ready && rateLimits ? { ...found, rateLimits } : found;
    const status = readiness.ready ? 200 : 503;
    send(response, { status, headers: {}, body: JSON.stringify(readiness) }, common);
  };
}
