import type pg from 'pg';
import { requireGet, send } from './responses.js';
import { answerJson, type Handler } from './router.js';

const READY_TIMEOUT_MS = 2_000;

/** The process answers: a reason not to restart it. */
export const answerLive: Handler = answerJson({ live: true });

/** What can be served now. */
export type Readiness =
  | { readonly ready: true /** The current one's number. */; readonly publication: number | null }
  | { readonly ready: false; readonly reason: string };

/** Asks for the database alone; one without a publication is ready too, and says that there is nothing yet. */
export async function readinessOf(pool: pg.Pool): Promise<Readiness> {
  try {
    const { rows } = await inTime(
      pool.query<{ number: number | null }>(
        '/* api: ready */ select max(number)::int4 as number from reporting.publication',
      ),
    );
    return { ready: true, publication: rows[0]?.number ?? null };
  } catch {
    return { ready: false, reason: 'The database does not answer.' };
  }
}

/** The process can serve: a reason to send it requests. */
export function answerReady(pool: pg.Pool): Handler {
  return async ({ request, response, common }) => {
    requireGet(request, response);
    const readiness = await readinessOf(pool);
    const status = readiness.ready ? 200 : 503;
    send(response, { status, headers: {}, body: JSON.stringify(readiness) }, common);
  };
}

async function inTime<Result>(promise: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('too late')), READY_TIMEOUT_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
