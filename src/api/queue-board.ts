import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { ExpressAdapter } from '@bull-board/express';
import type { Queue } from 'bullmq';
import { type Express, type RequestHandler, Router } from 'express';
import { type Headers, securityHeaders } from './http-manners.js';
import { exchangeOf } from './router.js';

export const QUEUE_BOARD_PATH = '/admin/queues';

export type BoardQueue = Queue;

/** The queues for those who look after them; whoever lacks `jobs:run` sees them without the buttons that change jobs. */
export function queueBoard(queues: readonly BoardQueue[]): RequestHandler {
  const headers: Headers = { ...securityHeaders(true), 'cache-control': 'no-store' };
  const [full, readOnly] = [boardOf(queues, false), boardOf(queues, true)];
  return (request, response, next) => {
    const { common, note } = exchangeOf(response);
    // The board's page names its own base address.
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
  // What goes wrong in there is told by the application's own rules: the board would send messages and stacks.
  serverAdapter.setErrorHandler((error) => {
    throw error;
  });
  const board = serverAdapter.getRouter() as Express;
  board.disable('x-powered-by');
  return Router().use(QUEUE_BOARD_PATH, board);
}
