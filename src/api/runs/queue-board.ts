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

/** The board's page asks for fonts from elsewhere: its policy refuses them, and it looks the same without. */
const ELSEWHERE = /<link\b[^>]*\bhref="(?:https?:)?\/\/[^>]*>/g;

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
  const render: Render = board.render.bind(board);
  const renderOwn: Render = (view, options, done) =>
    render(view, options, (error, html) => done(error, html?.replace(ELSEWHERE, '')));
  board.render = renderOwn as Express['render'];
  return Router().use(QUEUE_BOARD_PATH, board);
}
