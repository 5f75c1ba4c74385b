import type pg from 'pg';
import { send } from './http-answers.js';
import type { Handler } from './router.js';

const READY_TIMEOUT_MS = 2_000;

/** The process answers: a reason not to restart it. */
export const answerLive: Handler = ({ response, common }) =>
  send(response, { status: 200, headers: {}, body: '{"live":true}' }, common);

/**
 * The process can serve: a reason to send it requests. It asks for the database alone; a database without a publication
 * is ready too, and says that there is nothing yet.
 */
export function answerReady(pool: pg.Pool): Handler {
  return async ({ response, common }) => {
    const answer = (status: number, content: object) =>
      send(response, { status, headers: {}, body: JSON.stringify(content) }, common);
    try {
      const { rows } = await inTime(
        pool.query<{ number: number | null }>(
          '/* api: ready */ select max(number)::int4 as number from reporting.publication',
        ),
      );
      answer(200, { ready: true, publication: rows[0]?.number ?? null });
    } catch {
      answer(503, { ready: false, reason: 'The database does not answer.' });
    }
  };
}

async function inTime<Result>(promise: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('too late')), READY_TIMEOUT_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
