import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { ExpressAdapter } from '@bull-board/express';
import type { Queue } from 'bullmq';
import { type Express, type RequestHandler, Router } from 'express';
import { exchangeOf } from '../http/router.js';
import { type Headers, securityHeaders } from '../http/security-headers.js';

export const QUEUE_BOARD_PATH = '/admin/queues';

export type BoardQueue = Queue;

type Render = (view: string, options: object, done: (error: Error, html?: string) => void) => void;

/** Links to fonts on other servers. The page's policy would block them, and it looks the same without. */
const EXTERNAL_LINK = /<link\b[^>]*\bhref="(?:https?:)?\/\/[^>]*>/g;

/** The queue board for operators. Without the scope `jobs:run` it is read-only. */
export function queueBoard(queues: readonly BoardQueue[]): RequestHandler {
  const headers: Headers = { ...securityHeaders(true), 'cache-control': 'no-store' };
  const [full, readOnly] = [boardOf(queues, false), boardOf(queues, true)];
  return (request, response, next) => {
    const { common, note } = exchangeOf(response);
    // The board's page contains a base element.
    const policy = String(headers['content-security-policy']).replace("base-uri 'none'", "base-uri 'self'");
    for (const [name, value] of Object.entries({ ...common, ...headers, 'content-security-policy': policy }))
      response.setHeader(name, value);
    (note.caller?.scopes.has('jobs:run') ? full : readOnly)(request, response, next);
  };
}

function boardOf(queues: readonly BoardQueue[], readOnlyMode: boolean): RequestHandler {
  const serverAdapter = new ExpressAdapter();
  serverAdapter.setBasePath(QUEUE_BOARD_PATH);
  createBullBoard({
    queues: queues.map((queue) => new BullMQAdapter(queue, { readOnlyMode })),
    serverAdapter,
    options: { uiConfig: { boardTitle: 'Marquee' } },
  });
  // The application reports errors: the board would send messages and stack traces to the client.
  serverAdapter.setErrorHandler((error) => {
    throw error;
  });
  const board = serverAdapter.getRouter() as Express;
  board.disable('x-powered-by');
  const render: Render = board.render.bind(board);
  const renderLocal: Render = (view, options, done) =>
    render(view, options, (error, html) => done(error, html?.replace(EXTERNAL_LINK, '')));
  board.render = renderLocal as Express['render'];
  return Router().use(QUEUE_BOARD_PATH, board);
}
