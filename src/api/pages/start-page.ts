import type { RequestHandler, Response } from 'express';
import type pg from 'pg';
import { userOf } from '../../auth/login/login.js';
import { escapeHtml } from '../../html.js';
import { type Readiness, readinessOf } from '../http/health.js';
import { requireGet, send } from '../http/responses.js';
import { exchangeOf } from '../http/router.js';
import { QUEUE_BOARD_PATH } from '../runs/queue-board.js';
import { exampleQuery } from './example-query.js';
import { GRAPHIQL_PATH } from './graphiql.js';
import { sendHtml } from './send-html.js';

export const START_PATH = '/';

export interface StartPageOptions {
  readonly readerPool: pg.Pool;
  readonly publicUrl: string;
  readonly issuerUrl: string;
  /** The path of the metadata that describes how to get access. */
  readonly metadataPath: string;
  /** Whether users can log in. */
  readonly login: boolean;
  readonly queueBoard: boolean;
}

const WHAT_THIS_IS =
  'Report tables, rebuilt from each delivery of files, published all at once, and served over GraphQL to callers with an access token. Every number can be traced to the records behind it.';

const STYLE = `<style>
body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem;color:#1c2430;background:#fff}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.3rem 1.2rem}dd{margin:0}
pre{background:#f1f3f6;padding:.8rem;overflow-x:auto;font-size:.85rem}button{font:inherit}form{display:inline}
@media(prefers-color-scheme:dark){body{color:#d8dee8;background:#151a21}pre{background:#202733}a{color:#7db3ff}}
</style>`;

/** Serves `/`: an overview of the service, as a page for browsers and as JSON for other clients. */
export function startPage(options: StartPageOptions): RequestHandler {
  return async (request, response) => {
    requireGet(request, response);
    const readiness = await readinessOf(options.readerPool);
    const { common } = exchangeOf(response);
    common.vary = common.vary === undefined ? 'accept' : `accept, ${common.vary}`;
    // JSON comes first: it is the choice for clients that accept anything, such as curl.
    if (request.accepts(['json', 'html']) === 'html') {
      sendHtml(response, {
        title: 'Marquee',
        head: STYLE,
        body: bodyOf(options, readiness, userOf(request)?.subject),
      });
    } else sendIndex(response, options, readiness);
  };
}

function sendIndex(response: Response, options: StartPageOptions, readiness: Readiness): void {
  const at = (path: string) => new URL(path, options.publicUrl).href;
  const index = {
    name: 'Marquee',
    description: WHAT_THIS_IS,
    ...readiness,
    graphql: at('/graphql'),
    authorization: at(options.metadataPath),
    health: { live: at('/livez'), ready: at('/readyz') },
    ...(options.login && { login: at('/login'), graphiql: at(GRAPHIQL_PATH) }),
    ...(options.queueBoard && { queues: at(`${QUEUE_BOARD_PATH}/`) }),
  };
  const headers = { 'cache-control': 'no-store' };
  send(response, { status: 200, headers, body: JSON.stringify(index) }, exchangeOf(response).common);
}

function bodyOf(options: StartPageOptions, readiness: Readiness, subject: string | undefined): string {
  const { publicUrl, issuerUrl, metadataPath, login, queueBoard } = options;
  const link = (path: string, text: string) => `<a href="${path}">${text}</a>`;
  const places: [place: string, what: string][] = [];
  if (login) {
    places.push([link(GRAPHIQL_PATH, 'GraphiQL'), 'Explore and run queries in the browser']);
    if (queueBoard) places.push([link(`${QUEUE_BOARD_PATH}/`, 'Queue board'), 'Background jobs (operators)']);
  }
  places.push(
    [
      '<code>/graphql</code>',
      `The API. Access tokens are issued by ${escapeHtml(issuerUrl)} (${link(metadataPath, 'metadata')})`,
    ],
    [
      `${link('/livez', 'Live')}, ${link('/readyz', 'ready')}`,
      'Whether this server is running, and whether it can serve reports',
    ],
  );
  return `<h1>Marquee</h1>
<p>${WHAT_THIS_IS}</p>
<p><strong>${statusText(readiness)}</strong></p>
${login ? `<div>${sessionOf(subject)}</div>` : ''}
<dl>${places.map(([place, what]) => `<dt>${place}</dt><dd>${what}</dd>`).join('\n')}</dl>
<p>Try it. This query shows what is published and which reports exist:</p>
<pre>curl -s ${escapeHtml(new URL('/graphql', publicUrl).href)} -H 'authorization: Bearer TOKEN' \\
  -H 'content-type: application/json' \\
  -d '${escapeHtml(JSON.stringify({ query: exampleQuery.replace(/\s+/g, ' ') }))}'</pre>`;
}

function statusText(readiness: Readiness): string {
  if (!readiness.ready) return readiness.reason;
  return readiness.publication === null
    ? 'Nothing is published yet.'
    : `Publication ${readiness.publication} is being served.`;
}

function sessionOf(subject: string | undefined): string {
  return subject === undefined
    ? `<a href="/login?to=${START_PATH}">Log in</a>`
    : `Logged in as ${escapeHtml(subject)}. <form method="post" action="/logout"><button>Log out</button></form>`;
}
